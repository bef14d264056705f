// What was booked, to read out to the patient.
import { Group, Paper, Stack, Text, Title } from '@mantine/core'
import { Button } from '@mantine/core'
import { addresses } from '../addresses.ts'
import type { Appointment } from '#contracts/appointments/appointment-record'
import type { BookedSeries } from '#contracts/appointments/series'
import type { Doctor } from '#contracts/doctors/doctor'
import { LinkButton } from '../frame/link-button.tsx'
import { useDates } from '../words/dates.ts'
import { desk } from '../words/desk.ts'
import { useWords, useWordsOf } from '../words/words.tsx'

type BookedProps = {
  appointment: Appointment
  doctor: Doctor | undefined
  wasMoved: boolean
  series?: BookedSeries | undefined
  onAnother: () => void
}

export function Booked({ appointment, doctor, wasMoved, series, onAnother }: BookedProps) {
  const { book } = useWords()
  const words = useWordsOf(desk)
  const dates = useDates()
  return (
    <Paper withBorder p="xl" maw={640}>
      <Stack role="status">
        <Title order={2}>{wasMoved ? book.moved : book.booked}</Title>
        <div>
          <Text fw={600} size="xl">
            {dates.moment(appointment.appointment_time, doctor?.timezone)}
          </Text>
          {doctor && (
            <Text size="lg" className="name">
              {doctor.first_name} {doctor.last_name}, {doctor.specialization}, {doctor.location}
            </Text>
          )}
        </div>
        <div>
          <Text size="sm" c="dimmed">
            {book.code}
          </Text>
          <Text size="xl" ff="monospace">
            {appointment.confirmation_code}
          </Text>
        </div>
        {series && (
          <Stack component="ol" gap={4} m={0} ps="lg" aria-label={words.occurrences}>
            {series.occurrences.map(({ id, appointment_time, confirmation_code }) => (
              <li key={id}>
                {dates.short(appointment_time, doctor?.timezone)}, {confirmation_code}
              </li>
            ))}
          </Stack>
        )}
        {series && series.skipped.length > 0 && <Text>{words.skipped(series.skipped.length)}</Text>}
        <Text size="sm" c="dimmed">
          {book.mail}
        </Text>
        <Group>
          <LinkButton to={addresses.reception}>{book.to_reception}</LinkButton>
          <LinkButton to={addresses.patient} params={{ patient_id: appointment.patient_id }} variant="default">
            {book.to_patient}
          </LinkButton>
          {!wasMoved && (
            <Button variant="subtle" onClick={onAnother}>
              {book.another}
            </Button>
          )}
        </Group>
      </Stack>
    </Paper>
  )
}
