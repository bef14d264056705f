// People who may be the one who is being registered, while the form is typed. Whether they are, a person decides.
import { Paper, Stack, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { problemOf } from '../connection/problem-of.ts'
import type { IdentityCard } from '#contracts/patients/patient'
import { patientSearchApi } from '#contracts/patients/patient-search'
import { PersonLine, PersonName } from '../find-patient/person.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { lookalikeQuestions, type Typed } from './lookalike-questions.ts'
import classes from '../day-calendar/expected.module.css'

const settleMs = 350
const shown = 5

export function Lookalikes({ typed }: { typed: Typed }) {
  const { register } = useWords()
  const { first_name, last_name, date_of_birth, phone_primary, ssn, national_id, email } = typed
  const [settled] = useDebouncedValue(
    JSON.stringify({ first_name, last_name, date_of_birth, phone_primary, ssn, national_id, email }),
    settleMs,
  )
  const questions = lookalikeQuestions(JSON.parse(settled) as Typed)
  const found = useQuery({
    queryKey: ['find', 'alike', questions],
    queryFn: () => findAlike(questions),
    enabled: questions.length > 0,
    placeholderData: keepPreviousData,
  })
  if (questions.length === 0) return <Text c="dimmed">{register.duplicates_wait}</Text>
  if (found.error) return <ProblemAlert error={found.error} />
  const people = found.data ?? []
  return (
    <Stack role="status">
      {people.length > 0 ? (
        <>
          <Text size="sm">{register.duplicates_some}</Text>
          <LookalikeList people={people} />
        </>
      ) : (
        !found.isPending && <Text c="dimmed">{register.duplicates_none}</Text>
      )}
    </Stack>
  )
}

/** Each question apart, since a person who shares any of it may be the same; half a number is no question yet. */
async function findAlike(questions: ReturnType<typeof lookalikeQuestions>): Promise<IdentityCard[]> {
  const answers = await Promise.all(
    questions.map((question) =>
      call(patientSearchApi.search, { body: { ...question, limit: shown } }).catch((error: unknown) => {
        if (problemOf(error).kind.status === 422) return { items: [] }
        throw error
      }),
    ),
  )
  const people = new Map(answers.flatMap(({ items }) => items.map((card) => [card.id, card])))
  return [...people.values()].slice(0, shown)
}

export function LookalikeList({ people }: { people: readonly IdentityCard[] }) {
  return (
    <Paper withBorder component="ul" className={classes.list}>
      {people.map((card) => (
        <li key={card.id} className={classes.row}>
          {card.may_open ? (
            <Link to={addresses.patient} params={{ patient_id: card.id }} className={classes.person}>
              <PersonName person={card} />
            </Link>
          ) : (
            <Text fw={600}>
              <PersonName person={card} />
            </Text>
          )}
          <PersonLine person={card} />
        </li>
      ))}
    </Paper>
  )
}
