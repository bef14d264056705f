// Booking somebody into a free time, or moving what is booked to another one.
import { Grid, Group, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { useLive } from '../connection/use-live.ts'
import { problemOf } from '../connection/problem-of.ts'
import { appointmentApi } from '#contracts/appointments/appointment'
import type { Appointment } from '#contracts/appointments/appointment-record'
import { type BookedSeries, seriesApi } from '#contracts/appointments/series'
import type { Slot } from '#contracts/doctors/slot'
import { calendarConcerns, useDoctors } from '../day-calendar/day.ts'
import { moveInSeries, type Scope, ScopeChoice, SeriesConflicts, useSeries } from '../day-calendar/series-scope.tsx'
import { Versions } from '../day-calendar/versions.tsx'
import { nameOf } from '../find-patient/matching.ts'
import { LinkButton } from '../frame/link-button.tsx'
import { ProblemPage, ReadProblem, Waiting, WaitingPage } from '../frame/states.tsx'
import { usePatient } from '../patient/use-patient.ts'
import { useDates } from '../words/dates.ts'
import { desk } from '../words/desk.ts'
import { useWords, useWordsOf } from '../words/words.tsx'
import { Booked } from './booked.tsx'
import { Confirm } from './confirm.tsx'
import classes from './confirm.module.css'
import { FreeTimes, type Wishes } from './free-times.tsx'
import { once, ruleOf, useSeriesPlan } from './repeats.tsx'
import { bookHeld, useHold } from './use-hold.ts'
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
  if (patient.error ?? moved.error) return <ProblemPage error={patient.error ?? moved.error} />
  if (patient.isPending || (move !== undefined && moved.isPending)) return <WaitingPage />
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
  const words = useWordsOf(desk)
  const dates = useDates()
  const known = useQueryClient()
  /** As it was when the sending began: what stands there now is read again after a refusal. */
  const [seen, setSeen] = useState(moved)
  const doctors = useDoctors()
  const [wishes, setWishes] = useState<Wishes>({ ...noWishes, doctor_id: moved?.doctor_id ?? null })
  const [chosen, setChosen] = useState<Slot>()
  const [reason, setReason] = useState('')
  const [repeating, setRepeating] = useState(once)
  const [scope, setScope] = useState<Scope>('this')
  const series = useSeries(moved?.series_id)
  const [booked, setBooked] = useState<{ first: Appointment; series?: BookedSeries }>()
  const { priority } = wishes
  const isHeld = chosen !== undefined && !moved && !booked && repeating.rhythm === null
  const {
    hold,
    error: unheld,
    take,
    undo,
  } = useHold(
    isHeld ? { doctor_id: chosen.doctor_id, appointment_time: chosen.start, patient_id, priority } : undefined,
  )
  const plan = useSeriesPlan(chosen, moved ? once : repeating, { patient_id, priority })
  const send = useMutation({
    async mutationFn({ doctor_id, start: appointment_time }: Slot) {
      const time = { doctor_id, appointment_time }
      if (moved) {
        setSeen(moved)
        return { first: await moveInSeries(moved, time, scope, series.data) }
      }
      const body = { ...time, patient_id, priority, reason: reason.trim() || null }
      const rrule = ruleOf(repeating)
      if (rrule === undefined) return { first: await bookHeld(await take(), body) }
      const skip_conflicts = (plan.data?.conflicts.length ?? 0) > 0
      const made = await call(seriesApi.book, { body: { ...body, rrule, skip_conflicts } })
      const [first] = made.occurrences
      return { first: first as Appointment, series: made }
    },
    onSuccess: setBooked,
    onError: undo,
    onSettled: () =>
      Promise.all([
        known.invalidateQueries({ queryKey: ['appointments'] }),
        known.invalidateQueries({ queryKey: ['slots'] }),
      ]),
  })
  const doctorOf = (slot: { doctor_id: string }) => doctors.data?.find(({ id }) => id === slot.doctor_id)
  if (booked) {
    return (
      <Booked
        appointment={booked.first}
        series={booked.series}
        wasMoved={moved !== undefined}
        doctor={doctorOf(booked.first)}
        onAnother={() => {
          send.reset()
          setBooked(undefined)
          setRepeating(once)
          setChosen(undefined)
          setReason('')
        }}
      />
    )
  }
  const refused = send.error ?? unheld
  const nearest = refused ? problemOf(refused).members['nearest_slots'] : undefined
  const isStale = moved && send.error && problemOf(send.error).kind.code === 'stale_version'
  return (
    <Grid gap="xl">
      <Grid.Col span={{ base: 12, md: 7 }}>
        {moved && <Text mb="sm">{book.moving(dates.moment(moved.appointment_time, doctorOf(moved)?.timezone))}</Text>}
        {doctors.error ? (
          <ReadProblem error={doctors.error} />
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
        {!moved && (
          <Group mt="md">
            <LinkButton
              to={addresses.waitlist}
              search={{ patient_id, doctor_id: wishes.doctor_id ?? undefined }}
              variant="subtle"
            >
              {words.put_on_waitlist}
            </LinkButton>
          </Group>
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
          error={isStale ? undefined : (send.error ?? (Array.isArray(nearest) ? unheld : undefined))}
          onSend={() => chosen && send.mutate(chosen)}
          held_until={hold?.held_until}
          repeating={repeating}
          onRepeat={(next) => {
            setRepeating(next)
            send.reset()
          }}
          plan={plan}
          scope={
            moved?.series_id && (
              <ScopeChoice
                appointment={moved}
                scope={scope}
                onScope={(next) => {
                  setScope(next)
                  send.reset()
                }}
              />
            )
          }
        />
        {send.error && <SeriesConflicts error={send.error} zone={chosen && doctorOf(chosen)?.timezone} />}
        {isStale && seen && (
          <Versions
            seen={seen}
            now={moved}
            onRepeat={() => chosen && send.mutate(chosen)}
            onLeave={() => send.reset()}
          />
        )}
      </Grid.Col>
    </Grid>
  )
}
