// One appointment opened: what is known of it, and what can become of it. Where it may go, the server decides.
import { Button, Drawer, Group, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { problemOf } from '../connection/problem-of.ts'
import { may, useUser } from '../connection/use-session.ts'
import type { Appointment, AppointmentStatus } from '#contracts/appointments/appointment-record'
import type { Doctor } from '#contracts/doctors/doctor'
import type { IdentityCard } from '#contracts/patients/patient'
import { PersonLine, PersonName } from '../find-patient/person.tsx'
import { LinkButton } from '../frame/link-button.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { useWords } from '../words/words.tsx'
import { CancelForm } from './cancel-form.tsx'
import { useStatusChange } from './change.ts'
import { isExpected } from './standing.ts'
import { Flags } from './flags.tsx'
import { Notices } from './notices.tsx'
import { SeriesLine } from './series-line.tsx'
import { Versions } from './versions.tsx'

type AppointmentPanelProps = {
  appointment: Appointment | undefined
  person?: IdentityCard | undefined
  doctor: Doctor | undefined
  onClose: () => void
}

export function AppointmentPanel({ appointment, person, doctor, onClose }: AppointmentPanelProps) {
  const { calendar, frame } = useWords()
  return (
    <Drawer
      opened={appointment !== undefined}
      onClose={onClose}
      position="right"
      size="md"
      title={calendar.details}
      closeButtonProps={{ 'aria-label': frame.close }}
    >
      {appointment && <Opened key={appointment.id} appointment={appointment} person={person} doctor={doctor} />}
    </Drawer>
  )
}

function Opened({
  appointment,
  person,
  doctor,
}: Omit<AppointmentPanelProps, 'onClose'> & { appointment: Appointment }) {
  const { calendar, book } = useWords()
  const user = useUser()
  const dates = useDates()
  const change = useStatusChange()
  const [isCancelling, setCancelling] = useState(false)
  const isOpen = isExpected(appointment)
  const to = (status: AppointmentStatus, why?: string) => change.mutate({ appointment, status, reason: why })
  const isPending = (status: AppointmentStatus) => change.isPending && change.variables.status === status
  const wasChanged = change.error && problemOf(change.error).kind.code === 'stale_version'
  return (
    <Stack>
      {person && (
        <div>
          <Title order={2} size="h3">
            <PersonName person={person} />
          </Title>
          <PersonLine person={person} />
        </div>
      )}
      <div>
        <Text fw={600}>{dates.moment(appointment.appointment_time, doctor?.timezone)}</Text>
        <Text size="sm">{book.minutes(appointment.duration_minutes)}</Text>
        {doctor && (
          <Text className="name">
            {doctor.first_name} {doctor.last_name}, {doctor.specialization}, {doctor.location}
          </Text>
        )}
      </div>
      <Text role="status" fw={600}>
        {calendar.statuses[appointment.status]}
      </Text>
      <Flags appointment={appointment} />
      <Text size="sm" c="dimmed">
        {book.code}: {appointment.confirmation_code}
      </Text>
      <SeriesLine appointment={appointment} />
      {appointment.reason && <Text className="name">{appointment.reason}</Text>}
      {appointment.notes && (
        <Text size="sm" className="name">
          {appointment.notes}
        </Text>
      )}
      {appointment.cancel_reason && (
        <Text size="sm" className="name">
          {appointment.cancel_reason}
        </Text>
      )}
      {wasChanged && change.variables.appointment.version !== appointment.version ? (
        <Versions
          seen={change.variables.appointment}
          now={appointment}
          onRepeat={() => change.mutate({ ...change.variables, appointment })}
          onLeave={() => change.reset()}
        />
      ) : (
        change.error && <ProblemAlert error={change.error} />
      )}
      {isOpen && may(user, 'appointments:update') && !isCancelling && (
        <Group>
          <Button onClick={() => to('checked_in')} loading={isPending('checked_in')}>
            {calendar.check_in}
          </Button>
          <LinkButton
            to={addresses.book}
            params={{ patient_id: appointment.patient_id }}
            search={{ move: appointment.id }}
            variant="default"
          >
            {calendar.move}
          </LinkButton>
          <Button variant="default" onClick={() => to('no_show')} loading={isPending('no_show')}>
            {calendar.no_show}
          </Button>
          <Button variant="light" color="red" onClick={() => setCancelling(true)}>
            {calendar.cancel}
          </Button>
        </Group>
      )}
      {isOpen && isCancelling && (
        <CancelForm
          appointment={appointment}
          isPending={isPending('cancelled')}
          onCancel={(reason) => to('cancelled', reason)}
          onClose={() => setCancelling(false)}
        />
      )}
      {appointment.status !== 'held' && <Notices key={appointment.id} appointment_id={appointment.id} />}
      <LinkButton to={addresses.patient} params={{ patient_id: appointment.patient_id }} variant="subtle">
        {calendar.open_patient}
      </LinkButton>
    </Stack>
  )
}
