// The time that a patient chose, once more in full and held for them, and the button that books it or moves there.
import { Alert, Button, Group, Paper, Stack, Text, Textarea, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { Days } from '../book-appointment/days.tsx'
import { bookHeld, useHold } from '../book-appointment/use-hold.ts'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { problemOf } from '../connection/problem-of.ts'
import { useUser } from '../connection/use-session.ts'
import { useDoctors } from '../day-calendar/day.ts'
import { appointmentApi } from '#contracts/appointments/appointment'
import type { Appointment } from '#contracts/appointments/appointment-record'
import type { Doctor } from '#contracts/doctors/doctor'
import type { Slot } from '#contracts/doctors/slot'
import { doctorName } from '../find-doctor/doctor-name.ts'
import { useDoctor } from '../find-doctor/doctor-page.tsx'
import { LinkButton } from '../frame/link-button.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { ProblemAlert, ProblemPage, WaitingPage } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { ownCare } from '../words/own-care.ts'
import { useWords, useWordsOf } from '../words/words.tsx'

const route = getRouteApi(`/closed${addresses.own_booking}`)

export function OwnBookingPage() {
  const { appointments: words } = useWordsOf(ownCare)
  const { doctor_id, at, move } = route.useSearch()
  const { patient_id } = useUser()
  const doctor = useDoctor(doctor_id)
  const moved = useQuery({
    queryKey: ['appointments', 'one', move],
    queryFn: () => call(appointmentApi.get, { params: { appointment_id: move ?? '' } }),
    enabled: move !== undefined,
  })
  const error = doctor.error ?? moved.error
  if (error) return <ProblemPage error={error} />
  if (patient_id === null || doctor_id === undefined || at === undefined) {
    return (
      <Stack align="flex-start">
        <PageTitle title={words.book} />
        <Text>{patient_id === null ? words.no_record : words.choose}</Text>
        <LinkButton to={addresses.doctors}>{words.book}</LinkButton>
      </Stack>
    )
  }
  if (!doctor.data || (move !== undefined && moved.isPending)) return <WaitingPage />
  return <Chosen key={move} doctor={doctor.data} at={at} moved={moved.data} />
}

function Chosen({ doctor, at, moved }: { doctor: Doctor; at: string; moved: Appointment | undefined }) {
  const { appointments: words } = useWordsOf(ownCare)
  const { book } = useWords()
  const dates = useDates()
  const known = useQueryClient()
  const navigate = useNavigate()
  const doctors = useDoctors()
  const { value, change, forget } = useDraft('own-booking', { reason: '' })
  const [done, setDone] = useState<Appointment>()
  const wanted = { doctor_id: doctor.id, appointment_time: at }
  const { hold, error: unheld, take, undo } = useHold(moved || done ? undefined : wanted)
  const send = useMutation({
    async mutationFn() {
      if (moved)
        return call(
          appointmentApi.reschedule,
          { params: { appointment_id: moved.id }, body: wanted },
          { version: moved.version },
        )
      return bookHeld(await take(), { ...wanted, reason: value.reason.trim() || null })
    },
    onSuccess(appointment) {
      forget()
      setDone(appointment)
    },
    onError: undo,
    onSettled: () =>
      Promise.all([
        known.invalidateQueries({ queryKey: ['appointments'] }),
        known.invalidateQueries({ queryKey: ['slots'] }),
      ]),
  })
  if (done) return <Done appointment={done} doctor={doctor} wasMoved={moved !== undefined} />
  const refused = send.error ?? unheld
  const problem = refused ? problemOf(refused) : undefined
  const nearest = problem?.members['nearest_slots']
  const isTold = problem && (send.error || Array.isArray(nearest) || problem.kind.status === 422)
  return (
    <Stack maw={640}>
      <PageTitle title={moved ? words.move_title : words.check} />
      <Paper withBorder p="lg">
        <form
          onSubmit={(event) => {
            event.preventDefault()
            if (!send.isPending) send.mutate()
          }}
        >
          <Stack>
            {moved && <Text>{book.moving(dates.moment(moved.appointment_time, doctor.timezone))}</Text>}
            <div>
              <Title order={2} size="h3">
                {dates.moment(at, doctor.timezone)}
              </Title>
              <Text className="name">
                {doctorName(doctor)}, {doctor.specialization}
              </Text>
              <Text c="dimmed" className="name">
                {doctor.location} · {book.minutes(doctor.consultation_minutes)}
              </Text>
            </div>
            {!moved && (
              <Textarea
                label={words.reason}
                value={value.reason}
                onChange={(event) => change({ reason: event.currentTarget.value })}
                maxLength={500}
                autosize
                minRows={2}
              />
            )}
            {isTold && <ProblemAlert error={problem} />}
            {Array.isArray(nearest) && nearest.length > 0 && (
              <section aria-label={words.nearest}>
                <Text fw={600} mb="xs">
                  {words.nearest}
                </Text>
                <Days
                  slots={nearest as Slot[]}
                  doctors={doctors.data ?? [doctor]}
                  onChoose={({ doctor_id, start }) => {
                    send.reset()
                    void navigate({ to: addresses.own_booking, search: { doctor_id, at: start, move: moved?.id } })
                  }}
                />
              </section>
            )}
            <Text size="sm" c="dimmed" role="status">
              {hold ? words.held(dates.time(hold.held_until)) : ''}
            </Text>
            <Group>
              <Button type="submit" size="md" loading={send.isPending}>
                {moved ? book.move : book.submit}
              </Button>
              <LinkButton
                to={addresses.doctor}
                params={{ doctor_id: doctor.id }}
                search={{ move: moved?.id }}
                variant="default"
                size="md"
              >
                {words.other_time}
              </LinkButton>
            </Group>
          </Stack>
        </form>
      </Paper>
    </Stack>
  )
}

type DoneProps = { appointment: Appointment; doctor: Doctor; wasMoved: boolean }

function Done({ appointment, doctor, wasMoved }: DoneProps) {
  const { appointments: words } = useWordsOf(ownCare)
  const { book } = useWords()
  const dates = useDates()
  return (
    <Stack maw={640}>
      <PageTitle title={wasMoved ? book.moved : book.booked} />
      <Alert color="ward" role="status">
        <Text fw={600} size="lg">
          {dates.moment(appointment.appointment_time, doctor.timezone)}
        </Text>
        <Text className="name">
          {doctorName(doctor)}, {doctor.specialization}, {doctor.location}
        </Text>
        <Text>
          {book.code}: {appointment.confirmation_code}
        </Text>
      </Alert>
      <Text size="sm" c="dimmed">
        {words.mail}
      </Text>
      <Group>
        <LinkButton to={addresses.own_appointments}>{words.title}</LinkButton>
      </Group>
    </Stack>
  )
}
