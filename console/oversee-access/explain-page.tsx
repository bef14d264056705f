// Which rule lets somebody into a record, or keeps them out.
import { Alert, Badge, Button, Group, Stack, Table, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { type Explanation, explainApi, ExplainQuery } from '#contracts/access/explain'
import type { Subjects } from '#contracts/audit-trail/audit-log'
import { PageTitle } from '../frame/page-title.tsx'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { OversightNav, useAuditorWords } from './oversight.tsx'
import { SubjectSearch } from './subject-search.tsx'

/** These do not let anybody in: they keep out whoever another rule lets in. */
const keepingOut = ['account', 'denial']

export function ExplainPage() {
  const words = useAuditorWords()
  const [person, setPerson] = useState<Subjects['users'][number]>()
  const [record, setRecord] = useState<Subjects['patients'][number]>()
  const [typed, setTyped] = useState('patients:read')
  const [permission, setPermission] = useState('patients:read')
  const asked = ExplainQuery.shape.permission.safeParse(typed.trim())
  return (
    <Stack>
      <PageTitle title={words.explain} />
      <OversightNav />
      <Text maw={720}>{words.explain_text}</Text>
      <SubjectSearch onPerson={setPerson} onRecord={setRecord} />
      <Stack component="dl" gap={2} m={0}>
        {[
          [words.chosen_person, person?.user_name],
          [words.chosen_record, record?.patient_number],
        ].map(([label, text]) => (
          <Group key={label} gap="xs" wrap="nowrap">
            <Text component="dt" c="dimmed" miw={110}>
              {label}
            </Text>
            <Text component="dd" m={0} className="name" {...(text ? { fw: 600 } : { c: 'dimmed' })}>
              {text ?? words.not_chosen}
            </Text>
          </Group>
        ))}
      </Stack>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          if (asked.success) setPermission(asked.data)
        }}
      >
        <Group align="flex-end">
          <TextInput
            label={words.permission}
            placeholder={words.permission_help}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            error={!asked.success}
            autoComplete="off"
            spellCheck={false}
            maxLength={80}
          />
          <Button type="submit" variant="default" disabled={!asked.success}>
            {words.search}
          </Button>
        </Group>
      </form>
      {person && record && <Explained person={person} record={record} permission={permission} />}
    </Stack>
  )
}

type ExplainedProps = {
  person: Subjects['users'][number]
  record: Subjects['patients'][number]
  permission: string
}

function Explained({ person, record, permission }: ExplainedProps) {
  const words = useAuditorWords()
  const query = { user_id: person.user_id, patient_id: record.patient_id, permission }
  const found = useQuery({
    queryKey: ['explain-access', query],
    queryFn: () => call(explainApi.explain, { query }),
    // Whoever asks again wants to know how it is now.
    gcTime: 0,
  })
  if (found.isPending) return <Waiting />
  if (found.error) return <ReadProblem error={found.error} />
  const { is_allowed, role, rules } = found.data
  return (
    <Stack>
      <Alert color={is_allowed ? 'ward' : 'gray'} role="status">
        <Text fw={600} className="name">
          {(is_allowed ? words.allowed : words.refused)(person.user_name, permission, record.patient_number)}
        </Text>
        <Text size="sm" className="name">
          {words.role_is(role)}
        </Text>
      </Alert>
      <Rules rules={rules} />
    </Stack>
  )
}

function Rules({ rules }: Pick<Explanation, 'rules'>) {
  const words = useAuditorWords()
  return (
    <div role="region" aria-label={words.rule} tabIndex={0} style={{ overflowX: 'auto' }}>
      <Table>
        <Table.Tbody>
          {rules.map(({ rule, applies, reason }) => {
            const keepsOut = keepingOut.includes(rule)
            return (
              <Table.Tr key={rule}>
                <Table.Th scope="row">{words.rules[rule] ?? rule}</Table.Th>
                <Table.Td>{words.reasons[reason]}</Table.Td>
                <Table.Td>
                  <Badge
                    variant="light"
                    color={keepsOut ? 'red' : applies ? 'ward' : 'gray'}
                    tt="none"
                    miw="max-content"
                  >
                    {keepsOut ? words.keeps_out : applies ? words.applies : words.does_not_apply}
                  </Badge>
                </Table.Td>
              </Table.Tr>
            )
          })}
        </Table.Tbody>
      </Table>
    </div>
  )
}
