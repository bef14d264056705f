// Booking somebody into a free time, or moving what is booked to another one.
import { Grid, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { useLive } from '../connection/use-live.ts'
import { problemOf } from '../connection/problem-of.ts'
import { appointmentApi } from '#contracts/appointments/appointment'
import type { Appointment } from '#contracts/appointments/appointment-record'
import type { Slot } from '#contracts/doctors/slot'
import { calendarConcerns, useDoctors } from '../day-calendar/day.ts'
import { nameOf } from '../find-patient/matching.ts'
import { ProblemAlert, ProblemPage, Waiting } from '../frame/states.tsx'
import { usePatient } from '../patient/use-patient.ts'
import { useDates } from '../words/dates.ts'
import { useWords } from '../words/words.tsx'
import { Booked } from './booked.tsx'
import { Confirm } from './confirm.tsx'
import classes from './confirm.module.css'
import { FreeTimes, type Wishes } from './free-times.tsx'
import { PageTitle } from '../frame/page-title.tsx'

const route = getRouteApi(`/closed${addresses.book}`)
const noWishes: Wishes = { specialization: null, doctor_id: null, from: '', priority: 'routine' }

export function BookingPage() {
  useLive(calendarConcerns)
  const { patient_id } = route.useParams()
  const { move } = route.useSearch()
  const { book, find } = useWords()
  const patient = usePatient(patient_id)
  const moved = useQuery({
    queryKey: ['appointments', 'one', move],
    queryFn: () => call(appointmentApi.get, { params: { appointment_id: move ?? '' } }),
    enabled: move !== undefined,
  })
  if (patient.error ?? moved.error)
    return <ProblemPage error={patient.error ?? moved.error} onRetry={() => void patient.refetch()} />
  if (patient.isPending || (move !== undefined && moved.isPending)) return <Waiting />
  const name = nameOf(patient.data) || find.unnamed
  return (
    <Stack gap="lg">
      <div>
        <PageTitle title={moved.data ? book.move_title : book.title} />
        <Text className="name" size="lg">
          {book.for(name)}
        </Text>
      </div>
      <Choosing key={move ?? patient_id} patient_id={patient_id} moved={moved.data} />
    </Stack>
  )
}

function Choosing({ patient_id, moved }: { patient_id: string; moved: Appointment | undefined }) {
  const { book } = useWords()
  const dates = useDates()
  const known = useQueryClient()
  const doctors = useDoctors()
  const [wishes, setWishes] = useState<Wishes>({ ...noWishes, doctor_id: moved?.doctor_id ?? null })
  const [chosen, setChosen] = useState<Slot>()
  const [reason, setReason] = useState('')
  const send = useMutation({
    mutationFn: ({ doctor_id, start: appointment_time }: Slot) =>
      moved
        ? call(
            appointmentApi.reschedule,
            { params: { appointment_id: moved.id }, body: { doctor_id, appointment_time } },
            { version: moved.version },
          )
        : call(appointmentApi.book, {
            body: { patient_id, doctor_id, appointment_time, priority: wishes.priority, reason: reason.trim() || null },
          }),
    onSettled: () =>
      Promise.all([
        known.invalidateQueries({ queryKey: ['appointments'] }),
        known.invalidateQueries({ queryKey: ['slots'] }),
      ]),
  })
  const doctorOf = (slot: { doctor_id: string }) => doctors.data?.find(({ id }) => id === slot.doctor_id)
  if (send.data) {
    return (
      <Booked
        appointment={send.data}
        wasMoved={moved !== undefined}
        doctor={doctorOf(send.data)}
        onAnother={() => {
          send.reset()
          setChosen(undefined)
          setReason('')
        }}
      />
    )
  }
  const nearest = send.error ? problemOf(send.error).members['nearest_slots'] : undefined
  return (
    <Grid gap="xl">
      <Grid.Col span={{ base: 12, md: 7 }}>
        {moved && <Text mb="sm">{book.moving(dates.moment(moved.appointment_time, doctorOf(moved)?.timezone))}</Text>}
        {doctors.error ? (
          <ProblemAlert error={doctors.error} onRetry={() => void doctors.refetch()} />
        ) : doctors.isPending ? (
          <Waiting />
        ) : (
          <FreeTimes
            doctors={doctors.data}
            wishes={wishes}
            onWish={(part) => {
              setWishes({ ...wishes, ...part })
              setChosen(undefined)
              send.reset()
            }}
            chosen={chosen}
            onChoose={(slot) => {
              setChosen(slot)
              send.reset()
            }}
            nearest={Array.isArray(nearest) ? (nearest as Slot[]) : undefined}
          />
        )}
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 5 }} className={classes.side} data-chosen={chosen !== undefined || undefined}>
        <Confirm
          chosen={chosen}
          doctor={chosen && doctorOf(chosen)}
          isMove={moved !== undefined}
          reason={reason}
          onReason={setReason}
          isPending={send.isPending}
          error={send.error}
          onSend={() => chosen && send.mutate(chosen)}
        />
      </Grid.Col>
    </Grid>
  )
}
