// What a drag would do, said once more before it is done: the patient is told of it.
import { Button, Group, Modal, SimpleGrid, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Days } from '../book-appointment/days.tsx'
import { problemOf } from '../connection/problem-of.ts'
import type { Appointment } from '#contracts/appointments/appointment-record'
import type { Slot } from '#contracts/doctors/slot'
import { doctorName } from '../find-doctor/doctor-name.ts'
import { ProblemAlert } from '../frame/states.tsx'
import { instantAt } from '../words/clock.ts'
import { useDates } from '../words/dates.ts'
import { desk } from '../words/desk.ts'
import { useWords, useWordsOf } from '../words/words.tsx'
import { useDoctors } from './day.ts'
import type { Target } from './drag.ts'
import { moveInSeries, type Scope, ScopeChoice, SeriesConflicts, useSeries } from './series-scope.tsx'
import { Versions } from './versions.tsx'

type Place = { doctor_id: string; appointment_time: string }
export type Wanted = { appointment: Appointment; to: Place }

export function wantedOf({ placed: { appointment }, doctor, start }: Target, date: string): Wanted {
  return { appointment, to: { doctor_id: doctor.id, appointment_time: instantAt(date, start, doctor.timezone) } }
}

type MoveDialogProps = {
  wanted: Wanted | undefined
  /** As it stands now. */
  now: Appointment | undefined
  name: string
  /** `isMany`: others of its series went with it. */
  onDone: (moved: Appointment, isMany: boolean) => void
  onClose: () => void
}

export function MoveDialog({ wanted, ...more }: MoveDialogProps) {
  const words = useWordsOf(desk)
  const { frame } = useWords()
  return (
    <Modal
      opened={wanted !== undefined}
      onClose={more.onClose}
      title={words.move_title}
      size="lg"
      closeButtonProps={{ 'aria-label': frame.close }}
    >
      {wanted && <Moving key={wanted.appointment.id} wanted={wanted} {...more} />}
    </Modal>
  )
}

function Moving({ wanted, now, name, onDone, onClose }: MoveDialogProps & { wanted: Wanted }) {
  const words = useWordsOf(desk)
  const known = useQueryClient()
  const doctors = useDoctors()
  const [from, setFrom] = useState(wanted.appointment)
  const [to, setTo] = useState(wanted.to)
  const [scope, setScope] = useState<Scope>('this')
  const series = useSeries(from.series_id)
  const move = useMutation({
    mutationFn: (standing: Appointment) => moveInSeries(standing, to, scope, series.data),
    onSuccess: (moved) => onDone(moved, scope !== 'this'),
    onSettled: () =>
      Promise.all([
        known.invalidateQueries({ queryKey: ['appointments'] }),
        known.invalidateQueries({ queryKey: ['slots'] }),
      ]),
  })
  const zone = doctors.data?.find(({ id }) => id === to.doctor_id)?.timezone
  const problem = move.error ? problemOf(move.error) : undefined
  const nearest = problem?.members['nearest_slots']
  const isStale = problem?.kind.code === 'stale_version' && now !== undefined && now.version !== from.version
  return (
    <Stack>
      <Text fw={600} className="name">
        {name}
      </Text>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <Standing title={words.from} place={from} />
        <Standing title={words.to} place={to} />
      </SimpleGrid>
      {from.series_id !== null && <ScopeChoice appointment={from} scope={scope} onScope={setScope} />}
      {problem?.kind.code === 'series_conflicts' && <SeriesConflicts error={problem} zone={zone} />}
      {isStale ? (
        <Versions
          seen={from}
          now={now}
          onRepeat={() => {
            setFrom(now)
            move.mutate(now)
          }}
          onLeave={onClose}
        />
      ) : (
        problem && problem.kind.code !== 'series_conflicts' && <ProblemAlert error={problem} />
      )}
      {Array.isArray(nearest) && nearest.length > 0 && (
        <section aria-label={words.nearest}>
          <Text fw={600} mb="xs">
            {words.nearest}
          </Text>
          <Days
            slots={nearest as Slot[]}
            doctors={doctors.data ?? []}
            onChoose={({ doctor_id, start }) => {
              setTo({ doctor_id, appointment_time: start })
              move.reset()
            }}
          />
        </section>
      )}
      {!isStale && (
        <Group>
          <Button onClick={() => move.mutate(from)} loading={move.isPending} data-autofocus>
            {words.move}
          </Button>
          <Button variant="default" onClick={onClose}>
            {words.leave}
          </Button>
        </Group>
      )}
    </Stack>
  )
}

function Standing({ title, place: { doctor_id, appointment_time } }: { title: string; place: Place }) {
  const dates = useDates()
  const doctors = useDoctors()
  const doctor = doctors.data?.find(({ id }) => id === doctor_id)
  return (
    <div>
      <Text size="sm" c="dimmed">
        {title}
      </Text>
      <Text>{dates.moment(appointment_time, doctor?.timezone)}</Text>
      <Text size="sm" className="name">
        {doctor ? doctorName(doctor) : ''}
      </Text>
    </div>
  )
}
