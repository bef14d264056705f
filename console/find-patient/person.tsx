// How a person is written everywhere: name, birth date, gender, medical number.
import { Text } from '@mantine/core'
import { Fragment } from 'react'
import type { IdentityCard } from '#contracts/patients/patient'
import { useDates } from '../words/dates.ts'
import { useWords } from '../words/words.tsx'
import { nameOf, piecesOf } from './matching.ts'

type Written = Pick<
  IdentityCard,
  'first_name' | 'middle_name' | 'last_name' | 'date_of_birth' | 'gender' | 'patient_number'
>

export function Marked({ text, typed }: { text: string; typed: string }) {
  return piecesOf(text, typed).map(({ text: piece, is_match }, at) => (
    // Pieces have no other name than their place.
    <Fragment key={at}>{is_match ? <mark>{piece}</mark> : piece}</Fragment>
  ))
}

export function PersonName({ person, typed = '' }: { person: Written; typed?: string }) {
  const { find } = useWords()
  const name = nameOf(person)
  return <span className="name">{name === '' ? find.unnamed : <Marked text={name} typed={typed} />}</span>
}

export function PersonLine({ person, typed = '' }: { person: Written; typed?: string }) {
  const { find, patient } = useWords()
  const dates = useDates()
  const born = person.date_of_birth ? find.born(dates.day(person.date_of_birth)) : undefined
  return (
    <Text size="sm" c="dimmed" component="span">
      {[born, patient.genders[person.gender]].filter((part) => part !== undefined).join(' · ')}
      {' · '}
      <span className="name">
        <Marked text={person.patient_number} typed={typed} />
      </span>
    </Text>
  )
}
