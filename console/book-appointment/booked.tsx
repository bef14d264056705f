// What was booked, to read out to the patient.
import { Group, Paper, Stack, Text, Title } from '@mantine/core'
import { Button } from '@mantine/core'
import { addresses } from '../addresses.ts'
import type { Appointment } from '#contracts/appointments/appointment-record'
import type { Doctor } from '#contracts/doctors/doctor'
import { LinkButton } from '../frame/link-button.tsx'
import { useDates } from '../words/dates.ts'
import { useWords } from '../words/words.tsx'

type BookedProps = {
  appointment: Appointment
  doctor: Doctor | undefined
  wasMoved: boolean
  onAnother: () => void
}

export function Booked({ appointment, doctor, wasMoved, onAnother }: BookedProps) {
  const { book } = useWords()
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
