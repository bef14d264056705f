// Whom the log is asked about: somebody who works here, by name, or a patient, by number. Both are asked for in a body; the address
// holds ids.
import { Anchor, Group, Stack, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { type AuditLogEntry, auditLogApi, type Subjects } from '#contracts/audit-trail/audit-log'
import { Sign } from '../frame/mark.tsx'
import { ReadProblem } from '../frame/states.tsx'
import { useAuditorWords } from './oversight.tsx'

const settleMs = 250
const leastTyped = 2

type Props = {
  /** Left out where only a record is looked for. */
  onPerson?: (person: Subjects['users'][number]) => void
  onRecord: (record: Subjects['patients'][number]) => void
}

export function SubjectSearch({ onPerson, onRecord }: Props) {
  const words = useAuditorWords()
  const [typed, setTyped] = useState('')
  const [settled] = useDebouncedValue(typed.trim(), settleMs)
  const isAsked = settled.length >= leastTyped && typed.trim() !== ''
  const found = useQuery({
    queryKey: ['audit-subjects', settled],
    queryFn: () => call(auditLogApi.subjects, { body: { q: settled } }),
    enabled: isAsked,
  })
  const { users: people = [], patients = [] } = (isAsked && found.data) || {}
  const users = onPerson ? people : []
  const count = users.length + patients.length
  const choose = (done: () => void) => () => {
    setTyped('')
    done()
  }
  return (
    <Stack gap="xs">
      <TextInput
        type="search"
        label={onPerson ? words.who : words.watch}
        description={onPerson ? words.who_help : words.watch_help}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        leftSection={<Sign name="search" />}
        autoComplete="off"
        spellCheck={false}
        maxLength={100}
      />
      {isAsked && found.error && <ReadProblem error={found.error} />}
      <Text role="status" size="sm" c="dimmed">
        {isAsked && found.data
          ? count === 0
            ? onPerson
              ? words.found_none
              : words.watch_none
            : words.found(count)
          : ''}
      </Text>
      {count > 0 && (
        <Group gap="md">
          {users.map((person) => (
            <Anchor
              key={person.user_id}
              component="button"
              type="button"
              className="name"
              onClick={choose(() => onPerson?.(person))}
            >
              {person.user_name}
            </Anchor>
          ))}
          {patients.map((record) => (
            <Anchor key={record.patient_id} component="button" type="button" onClick={choose(() => onRecord(record))}>
              {onPerson ? record.patient_number : words.watch_it(record.patient_number)}
            </Anchor>
          ))}
        </Group>
      )}
    </Stack>
  )
}

/** Names that were read already, for the ids of the address. */
export function useKnownNames(entries: readonly AuditLogEntry[]) {
  const known = useQueryClient()
  const searched = () =>
    known.getQueriesData<Subjects>({ queryKey: ['audit-subjects'] }).flatMap(([, found]) => found ?? [])
  return {
    person: (id: string) =>
      entries.find(({ user_id }) => user_id === id)?.user_name ??
      searched()
        .flatMap(({ users }) => users)
        .find(({ user_id }) => user_id === id)?.user_name,
    record: (id: string) =>
      entries.find(({ patient_id }) => patient_id === id)?.patient_number ??
      searched()
        .flatMap(({ patients }) => patients)
        .find(({ patient_id }) => patient_id === id)?.patient_number,
  }
}
