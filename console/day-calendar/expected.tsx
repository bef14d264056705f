// Who is expected today and has not come yet, with the check-in beside each.
import { Alert, Box, Button, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { memo, useCallback, useState } from 'react'
import { addresses } from '../addresses.ts'
import { useLive } from '../connection/use-live.ts'
import { may, useUser } from '../connection/use-session.ts'
import type { Appointment } from '#contracts/appointments/appointment-record'
import type { IdentityCard } from '#contracts/patients/patient'
import type { Doctor } from '#contracts/doctors/doctor'
import { PersonLine, PersonName } from '../find-patient/person.tsx'
import { nameOf } from '../find-patient/matching.ts'
import { ProblemAlert, ReadProblem, Waiting } from '../frame/states.tsx'
import { dateIn } from '../words/clock.ts'
import { useDates } from '../words/dates.ts'
import { useWords } from '../words/words.tsx'
import { useStatusChange } from './change.ts'
import { calendarConcerns, useDay, useDoctors, usePeople } from './day.ts'
import { isExpected } from './standing.ts'
import { Flags } from './flags.tsx'
import classes from './expected.module.css'

export function Expected() {
  useLive(calendarConcerns)
  const { calendar } = useWords()
  const user = useUser()
  const doctors = useDoctors()
  const day = useDay(dateIn(new Date()))
  const [arrived, setArrived] = useState<string>()
  const expected = (day.data ?? []).filter(isExpected)
  const people = usePeople(
    expected.map(({ patient_id }) => patient_id),
    may(user, 'patients:find'),
  )
  const checkIn = useStatusChange()
  const { mutate } = checkIn
  const arrive = useCallback(
    (appointment: Appointment, name: string) => {
      setArrived(undefined)
      mutate({ appointment, status: 'checked_in' }, { onSuccess: () => setArrived(name) })
    },
    [mutate],
  )
  const doctorOf = new Map(doctors.data?.map((doctor) => [doctor.id, doctor]))
  const error = day.error ?? people.error
  return (
    <Stack component="section" aria-labelledby="expected">
      <Group justify="space-between" align="baseline">
        <Title order={2} size="h3" id="expected">
          {calendar.expected}
        </Title>
        {expected.length > 0 && (
          <Text size="sm" c="dimmed">
            {calendar.count(expected.length)}
          </Text>
        )}
      </Group>
      <div role="status">
        {arrived && (
          <Alert color="ward">
            <Text size="sm">{calendar.checked_in(arrived)}</Text>
          </Alert>
        )}
      </div>
      {error && <ReadProblem error={error} />}
      {checkIn.error && <ProblemAlert error={checkIn.error} />}
      {day.isPending || people.isLoading || doctors.isLoading ? (
        <Waiting />
      ) : expected.length === 0 ? (
        !error && <Text c="dimmed">{calendar.expected_none}</Text>
      ) : (
        <Paper withBorder component="ul" className={classes.list}>
          {expected.map((appointment) => (
            <ExpectedPerson
              key={appointment.id}
              appointment={appointment}
              person={people.data?.get(appointment.patient_id)}
              doctor={doctorOf.get(appointment.doctor_id)}
              isBusy={checkIn.isPending && checkIn.variables.appointment.id === appointment.id}
              onCheckIn={arrive}
            />
          ))}
        </Paper>
      )}
    </Stack>
  )
}

type ExpectedPersonProps = {
  appointment: Appointment
  person: IdentityCard | undefined
  doctor: Doctor | undefined
  isBusy: boolean
  onCheckIn: (appointment: Appointment, name: string) => void
}

/** Of some hundred a day, those are drawn anew that something has changed of. */
const ExpectedPerson = memo(function ExpectedPerson(props: ExpectedPersonProps) {
  const { appointment, person, doctor, isBusy, onCheckIn } = props
  const { calendar } = useWords()
  const user = useUser()
  const dates = useDates()
  const name = person ? nameOf(person) : appointment.confirmation_code
  return (
    <li className={classes.row}>
      <Group wrap="nowrap" gap="sm" align="center">
        <Text fw={700} className={classes.time}>
          {dates.time(appointment.appointment_time, doctor?.timezone)}
        </Text>
        <Box flex={1} miw={0}>
          <Link to={addresses.patient} params={{ patient_id: appointment.patient_id }} className={classes.person}>
            {person ? <PersonName person={person} /> : name}
          </Link>
          {person && <PersonLine person={person} />}
          <Text size="sm" className="name">
            {doctor ? `${doctor.first_name} ${doctor.last_name}, ${doctor.specialization}` : ''}
          </Text>
          <Flags appointment={appointment} />
        </Box>
        {may(user, 'appointments:update') && (
          <Button
            variant="light"
            loading={isBusy}
            onClick={() => onCheckIn(appointment, name)}
            aria-label={calendar.check_in_of(name)}
          >
            {calendar.check_in}
          </Button>
        )}
      </Group>
    </li>
  )
})
