// What the doctor has begun and not signed: notes, assessments and prescriptions.
import { Paper, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { may, useUser } from '../connection/use-session.ts'
import { worklistApi } from '#contracts/assessments/worklist'
import { noteApi } from '#contracts/chart/note'
import { prescriptionApi } from '#contracts/prescriptions/prescription'
import { usePeople } from '../day-calendar/day.ts'
import { nameOf } from '../find-patient/matching.ts'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { Section } from '../read-chart/section.tsx'
import { useVisitWords } from '../see-patient/words.ts'
import { useDates } from '../words/dates.ts'
import classes from './today.module.css'

type Unsigned = {
  id: string
  kind: 'note' | 'nursing' | 'radiology' | 'prescription'
  patient_id: string
  visit_id: string | null
  updated_at: string
  isPreliminary?: boolean
}

function useUnsigned() {
  const { doctor_id } = useUser()
  const notes = useQuery({
    queryKey: ['notes', 'drafts'],
    queryFn: () => call(noteApi.listDrafts, {}).then(({ items }) => items),
  })
  const assessments = useQuery({
    queryKey: ['assessments', 'drafts'],
    queryFn: () => call(worklistApi.drafts, {}).then(({ items }) => items),
  })
  const prescriptions = useQuery({
    queryKey: ['prescriptions', 'drafts', doctor_id],
    queryFn: () =>
      call(prescriptionApi.list, { query: { status: 'draft', doctor_id: doctor_id ?? '', limit: '100' } }).then(
        ({ items }) => items,
      ),
    enabled: doctor_id !== null,
  })
  const all: Unsigned[] = [
    ...(notes.data ?? []).map((note) => ({ ...note, kind: 'note' as const })),
    ...(assessments.data ?? []).map((one) => ({ ...one, isPreliminary: one.status === 'preliminary' })),
    ...(prescriptions.data ?? []).map(({ id, patient_id, visit_id, updated_at }) => ({
      id,
      patient_id,
      visit_id,
      updated_at,
      kind: 'prescription' as const,
    })),
  ]
  const queries = [notes, assessments, ...(doctor_id === null ? [] : [prescriptions])]
  return {
    items: all.toSorted((one, other) => one.updated_at.localeCompare(other.updated_at)),
    isPending: queries.some(({ isPending }) => isPending),
    error: queries.find(({ error }) => error)?.error,
  }
}

export function ToSign() {
  const words = useVisitWords()
  const user = useUser()
  const { items, isPending, error } = useUnsigned()
  const people = usePeople(
    items.map(({ patient_id }) => patient_id),
    may(user, 'patients:find'),
  )
  return (
    <Section title={words.to_sign}>
      {error && <ReadProblem error={error} />}
      {isPending && !error && <Waiting />}
      {!isPending && !error && items.length === 0 && <Text c="dimmed">{words.to_sign_none}</Text>}
      {items.length > 0 && (
        <Paper withBorder component="ul" className={classes.list}>
          {items.map((item) => {
            const person = people.data?.get(item.patient_id)
            return <One key={item.id} item={item} name={(person && nameOf(person)) || words.unknown_person} />
          })}
        </Paper>
      )}
    </Section>
  )
}

function One({ item, name }: { item: Unsigned; name: string }) {
  const words = useVisitWords()
  const dates = useDates()
  const what = item.isPreliminary ? `${words.kinds[item.kind]} (${words.preliminary})` : words.kinds[item.kind]
  const text = (
    <>
      {what}: <span className="name">{name}</span>
    </>
  )
  return (
    <li className={classes.row}>
      {item.kind === 'prescription' ? (
        <Link to={addresses.prescription} params={{ prescription_id: item.id }} className={classes.person}>
          {text}
        </Link>
      ) : item.kind === 'radiology' ? (
        <Link to={addresses.radiology} params={{ assessment_id: item.id }} className={classes.person}>
          {text}
        </Link>
      ) : (
        <Link to={addresses.visit} params={{ visit_id: item.visit_id ?? '' }} className={classes.person}>
          {text}
        </Link>
      )}
      <Text size="sm" c="dimmed">
        {words.typed(dates.short(item.updated_at))}
      </Text>
    </li>
  )
}
