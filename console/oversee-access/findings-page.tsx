// What stands out in the audit log, until somebody signs it off. A mail leads here.
import { Group, NativeSelect, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { usePages } from '../connection/pages.ts'
import { may, useUser } from '../connection/use-session.ts'
import { type Finding, findingApi, type FindingKind } from '#contracts/activity-review/finding'
import { LinkButton } from '../frame/link-button.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { Row, RowList } from '../frame/section.tsx'
import { dateIn } from '../words/clock.ts'
import { useDates } from '../words/dates.ts'
import { OpenOrAll, OversightNav, type Shown, useAuditorWords } from './oversight.tsx'
import { Outcome, SignOff } from './sign-off.tsx'

const key = 'activity-findings'

export function FindingsPage() {
  const words = useAuditorWords()
  const [show, setShow] = useState<Shown>('open')
  const [kind, setKind] = useState<FindingKind | ''>('')
  const list = usePages([key, show, kind], (cursor) =>
    call(findingApi.list, {
      query: { closed: show === 'open' ? 'false' : undefined, kind: kind === '' ? undefined : kind, cursor },
    }),
  )
  return (
    <Stack>
      <PageTitle title={words.findings} />
      <OversightNav />
      <Text maw={720}>{words.findings_text}</Text>
      <Group align="flex-end">
        <OpenOrAll show={show} onChange={setShow} />
        <NativeSelect
          label={words.kind}
          value={kind}
          onChange={(event) => setKind(event.currentTarget.value as FindingKind | '')}
          data={[
            { value: '', label: words.any },
            ...Object.entries(words.kinds).map(([value, label]) => ({ value, label })),
          ]}
        />
      </Group>
      <RowList
        of={list}
        label={words.findings}
        none={words.findings_none}
        row={(finding) => <FindingRow key={finding.id} finding={finding} />}
      />
    </Stack>
  )
}

function FindingRow({ finding }: { finding: Finding }) {
  const words = useAuditorWords()
  const dates = useDates()
  const user = useUser()
  const { id, user_id, patient_number, first_at, last_at, verdict } = finding
  const name = finding.user_name ?? words.unnamed
  const about = (
    <div style={{ minWidth: 0 }}>
      <Text fw={600}>{words.kinds[finding.kind]}</Text>
      <Text className="name">
        {name}
        {patient_number ? ` · ${patient_number}` : ''}
      </Text>
      <Text size="sm" c="dimmed">
        {dates.short(first_at)} – {dates.short(last_at)} · {words.counted(finding.entries, finding.records)}
      </Text>
      {finding.remark && (
        <Text size="sm" className="name">
          {finding.remark}
        </Text>
      )}
    </div>
  )
  return (
    <Row mark={verdict === null ? 'warn' : undefined}>
      <Group justify="space-between" gap="sm">
        {about}
        <Group gap="xs">
          {may(user, 'audit:read') && (
            <LinkButton
              to={addresses.audit}
              search={{
                user_id,
                patient_id: finding.patient_id ?? undefined,
                from: dateIn(first_at),
                to: dateIn(last_at),
              }}
              size="compact-sm"
              variant="subtle"
            >
              {words.see_log}
            </LinkButton>
          )}
          <Outcome verdict={verdict} isOwn={user_id === user.id}>
            <SignOff
              id={id}
              name={`${words.kinds[finding.kind]}, ${name}`}
              about={about}
              hasRemark
              queryKey={key}
              send={(chosen, remark) =>
                call(findingApi.close, { params: { finding_id: id }, body: { verdict: chosen, remark } })
              }
            />
          </Outcome>
        </Group>
      </Group>
    </Row>
  )
}
