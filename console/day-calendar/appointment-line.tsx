// One appointment in a list of a person's.
import { Group, Text, UnstyledButton } from '@mantine/core'
import type { Appointment } from '#contracts/appointments/appointment-record'
import type { Doctor } from '#contracts/doctors/doctor'
import { useDates } from '../words/dates.ts'
import { useWords } from '../words/words.tsx'
import { Flags } from './flags.tsx'
import classes from './appointment-line.module.css'

type AppointmentLineProps = { appointment: Appointment; doctor: Doctor | undefined; onOpen: () => void }

export function AppointmentLine({ appointment, doctor, onOpen }: AppointmentLineProps) {
  const { calendar } = useWords()
  const dates = useDates()
  return (
    <UnstyledButton className={classes.line} onClick={onOpen}>
      <Group justify="space-between" gap="xs">
        <Text fw={600}>{dates.short(appointment.appointment_time, doctor?.timezone)}</Text>
        <Text size="sm">{calendar.statuses[appointment.status]}</Text>
      </Group>
      {doctor && (
        <Text size="sm" c="dimmed" className="name">
          {doctor.first_name} {doctor.last_name}, {doctor.specialization}
        </Text>
      )}
      <Flags appointment={appointment} />
    </UnstyledButton>
  )
}
