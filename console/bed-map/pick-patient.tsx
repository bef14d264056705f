// Choosing a patient by typing what one knows of them.
import { Loader, Stack, Text, TextInput, UnstyledButton } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { problemOf } from '../connection/problem-of.ts'
import type { IdentityCard } from '#contracts/patients/patient'
import { patientSearchApi } from '#contracts/patients/patient-search'
import { nameOf } from '../find-patient/matching.ts'
import { PersonLine, PersonName } from '../find-patient/person.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import lines from '../day-calendar/appointment-line.module.css'

const settleMs = 180
const leastTyped = 2
const shown = 8

type PickPatientProps = { label: string; action: (name: string) => string; onPick: (person: IdentityCard) => void }

export function PickPatient({ label, action, onPick }: PickPatientProps) {
  const { find } = useWords()
  const [typed, setTyped] = useState('')
  const [settled] = useDebouncedValue(typed.trim(), settleMs)
  const isAsked = settled.length >= leastTyped
  const found = useQuery({
    queryKey: ['find', 'pick', settled],
    queryFn: () => call(patientSearchApi.search, { body: { q: settled, limit: shown } }),
    enabled: isAsked,
    placeholderData: keepPreviousData,
  })
  // What is half a number or half a date is not wrong yet.
  const isUnfinished = found.error && problemOf(found.error).kind.status === 422
  const items = isAsked && !found.error ? (found.data?.items ?? []).filter(({ is_active }) => is_active) : []
  return (
    <Stack gap="xs">
      <TextInput
        type="search"
        label={label}
        description={find.help}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        rightSection={found.isFetching ? <Loader size="xs" aria-hidden /> : undefined}
        autoComplete="off"
        spellCheck={false}
        maxLength={200}
        data-autofocus
      />
      <Text role="status" size="sm" c="dimmed">
        {!isAsked || found.isPending || found.error ? '' : items.length === 0 ? find.none : find.found(items.length)}
      </Text>
      {found.error && !isUnfinished && <ProblemAlert error={found.error} />}
      {items.map((person) => (
        <UnstyledButton
          key={person.id}
          className={lines.line}
          onClick={() => onPick(person)}
          aria-label={action(nameOf(person) || find.unnamed)}
        >
          <Text fw={600} component="span" display="block">
            <PersonName person={person} typed={settled} />
          </Text>
          <PersonLine person={person} typed={settled} />
        </UnstyledButton>
      ))}
    </Stack>
  )
}
