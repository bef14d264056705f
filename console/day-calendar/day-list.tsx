// The day as a list, in order of time: for a telephone.
import { Paper, Stack, Text, Title, UnstyledButton } from '@mantine/core'
import { nameOf } from '../find-patient/matching.ts'
import { dateIn } from '../words/clock.ts'
import { useDates } from '../words/dates.ts'
import { useWords } from '../words/words.tsx'
import type { DayProps } from './columns.tsx'
import { byTime } from './standing.ts'
import { Flags } from './flags.tsx'
import classes from './expected.module.css'

function DayList({ columns, people, onOpen }: DayProps) {
  const { calendar, find } = useWords()
  const dates = useDates()
  const all = columns
    .flatMap(({ doctor, placed }) => placed.map(({ appointment }) => ({ doctor, appointment })))
    .toSorted((a, b) => byTime(a.appointment, b.appointment))
  if (all.length === 0) return <Text c="dimmed">{calendar.none}</Text>
  return (
    <Paper withBorder component="ul" className={classes.list}>
      {all.map(({ doctor, appointment }) => {
        const person = people?.get(appointment.patient_id)
        const name = person ? nameOf(person) || find.unnamed : appointment.confirmation_code
        return (
          <li key={appointment.id} className={classes.row}>
            <UnstyledButton w="100%" onClick={() => onOpen(appointment.id)}>
              <Text component="span" fw={600} className="name">
                {dates.time(appointment.appointment_time, doctor.timezone)}{' '}
                {appointment.status === 'held' ? calendar.held : name}
              </Text>
              <Text component="span" size="sm" display="block" className="name">
                {doctor.first_name} {doctor.last_name} · {calendar.statuses[appointment.status]}
              </Text>
              <Flags appointment={appointment} />
            </UnstyledButton>
          </li>
        )
      })}
    </Paper>
  )
}

/** Each day under its name, where there are several. */
export function DayLists({ days, columns, ...more }: DayProps & { days: readonly string[] }) {
  const dates = useDates()
  if (days.length === 1) return <DayList columns={columns} {...more} />
  const onDay = (date: string) =>
    columns.map(({ doctor, placed }) => ({
      doctor,
      placed: placed.filter(({ appointment }) => dateIn(appointment.appointment_time, doctor.timezone) === date),
    }))
  return (
    <Stack>
      {days.map((date) => (
        <section key={date} aria-label={dates.weekday(date)}>
          <Title order={2} size="h4" mb="xs">
            {dates.weekday(date)}
          </Title>
          <DayList columns={onDay(date)} {...more} />
        </section>
      ))}
    </Stack>
  )
}
