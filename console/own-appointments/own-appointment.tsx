// One appointment to come: confirm, move, cancel, and put into a calendar. What it is too late for is not offered.
import { Button, Group, Paper, Stack, Text, Textarea, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { download } from '../connection/download.ts'
import { appointmentApi, cutOffHours } from '#contracts/appointments/appointment'
import type { Appointment } from '#contracts/appointments/appointment-record'
import { icalendarApi } from '#contracts/appointments/icalendar'
import type { Doctor } from '#contracts/doctors/doctor'
import { doctorName } from '../find-doctor/doctor-name.ts'
import { LinkButton } from '../frame/link-button.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { ownCare } from '../words/own-care.ts'
import { useWords, useWordsOf } from '../words/words.tsx'

const hourMs = 3_600_000

export function OwnAppointment({ appointment, doctor }: { appointment: Appointment; doctor: Doctor | undefined }) {
  const { appointments: words } = useWordsOf(ownCare)
  const { calendar, book } = useWords()
  const dates = useDates()
  const known = useQueryClient()
  const [isCancelling, setCancelling] = useState(false)
  const { id, version, status, appointment_time, kind, reason, confirmation_code } = appointment
  // What stands there may not be what was shown, after a refusal most of all.
  const onSettled = () => known.invalidateQueries({ queryKey: ['appointments'] })
  const confirm = useMutation({
    mutationFn: () =>
      call(appointmentApi.setStatus, { params: { appointment_id: id }, body: { status: 'confirmed' } }, { version }),
    onSettled,
  })
  const file = useMutation({
    mutationFn: () => download(icalendarApi.ofAppointment, { appointment_id: id }, 'appointment.ics'),
  })
  const isOpen = status === 'booked' || status === 'confirmed'
  const isInTime = Date.parse(appointment_time) - Date.now() > cutOffHours * hourMs
  const error = confirm.error ?? file.error
  const moment = dates.moment(appointment_time, doctor?.timezone)
  return (
    <Paper component="article" withBorder p="md" aria-label={moment}>
      <Stack gap="sm">
        <div>
          <Group justify="space-between" gap="xs" align="baseline">
            <Title order={2} size="h4">
              {moment}
            </Title>
            <Text fw={600}>{calendar.statuses[status]}</Text>
          </Group>
          <Text className="name">
            {doctor ? `${doctorName(doctor)}, ${doctor.specialization}, ${doctor.location}` : ''}
          </Text>
          {kind === 'telemedicine' && <Text>{calendar.telemedicine}</Text>}
          {reason && (
            <Text size="sm" className="name">
              {reason}
            </Text>
          )}
          <Text size="sm" c="dimmed">
            {book.code}: {confirmation_code}
          </Text>
        </div>
        {error && <ProblemAlert error={error} />}
        {isCancelling ? (
          <Cancelling appointment={appointment} onClose={() => setCancelling(false)} />
        ) : (
          <Group gap="xs">
            {status === 'booked' && (
              <Button onClick={() => confirm.mutate()} loading={confirm.isPending}>
                {words.confirm}
              </Button>
            )}
            {isOpen && isInTime && (
              <>
                <LinkButton
                  to={addresses.doctor}
                  params={{ doctor_id: appointment.doctor_id }}
                  search={{ move: id }}
                  variant="default"
                >
                  {words.move}
                </LinkButton>
                <Button variant="light" color="red" onClick={() => setCancelling(true)}>
                  {words.cancel}
                </Button>
              </>
            )}
            <Button variant="subtle" onClick={() => file.mutate()} loading={file.isPending}>
              {words.to_calendar}
            </Button>
          </Group>
        )}
        {isOpen && !isInTime && <Text size="sm">{words.too_late(cutOffHours)}</Text>}
      </Stack>
    </Paper>
  )
}

function Cancelling({ appointment: { id, version }, onClose }: { appointment: Appointment; onClose: () => void }) {
  const { appointments: words } = useWordsOf(ownCare)
  const known = useQueryClient()
  const [reason, setReason] = useState('')
  const cancel = useMutation({
    mutationFn: () =>
      call(
        appointmentApi.cancel,
        { params: { appointment_id: id }, body: { reason: reason.trim() || null } },
        { version },
      ),
    onSettled: () =>
      Promise.all([
        known.invalidateQueries({ queryKey: ['appointments'] }),
        known.invalidateQueries({ queryKey: ['slots'] }),
      ]),
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (!cancel.isPending) cancel.mutate()
      }}
    >
      <Stack gap="sm">
        {cancel.error && <ProblemAlert error={cancel.error} />}
        <Textarea
          label={words.cancel_reason}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          maxLength={500}
          autosize
          minRows={2}
          autoFocus
        />
        <Group>
          <Button type="submit" color="red.9" loading={cancel.isPending}>
            {words.cancel}
          </Button>
          <Button variant="default" onClick={onClose}>
            {words.keep}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
