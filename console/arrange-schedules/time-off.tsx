// The time that a doctor takes off. Whoever is booked then is named before anything is cancelled.
import { Alert, Button, Checkbox, Group, Modal, SimpleGrid, Stack, Text, TextInput, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { may, useUser } from '../connection/use-session.ts'
import { type Affected, type TimeOff, timeOffApi } from '#contracts/appointments/time-off'
import type { Doctor } from '#contracts/doctors/doctor'
import { Row, RowList } from '../frame/section.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { addDays, instantAt } from '../words/clock.ts'
import { useDates } from '../words/dates.ts'
import { useWords } from '../words/words.tsx'
import { useScheduleWords } from './words.ts'

export function TimeOffs({ doctor }: { doctor: Doctor }) {
  const words = useScheduleWords()
  const { frame } = useWords()
  const { id: doctor_id } = doctor
  const [isAdding, setAdding] = useState(false)
  const [cancelled, setCancelled] = useState<number>()
  const list = useQuery({
    queryKey: ['time-off', doctor_id],
    queryFn: () => call(timeOffApi.list, { params: { doctor_id }, query: {} }).then(({ items }) => items),
  })
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={2} size="h4">
          {words.off}
        </Title>
        <Button variant="default" onClick={() => (setCancelled(undefined), setAdding(true))}>
          {words.add_off}
        </Button>
      </Group>
      {cancelled !== undefined && (
        <Alert color="ward" role="status">
          {words.off_added(cancelled)}
        </Alert>
      )}
      <RowList
        of={{ ...list, items: list.data ?? [] }}
        label={words.off}
        none={words.off_none}
        row={(off) => <OffRow key={off.id} off={off} zone={doctor.timezone} />}
      />
      <Modal
        opened={isAdding}
        onClose={() => setAdding(false)}
        title={words.add_off}
        closeButtonProps={{ 'aria-label': frame.close }}
      >
        <OffForm
          doctor={doctor}
          onAdded={(count) => {
            setCancelled(count)
            setAdding(false)
          }}
        />
      </Modal>
    </Stack>
  )
}

function OffRow({ off, zone }: { off: TimeOff; zone: string }) {
  const words = useScheduleWords()
  const dates = useDates()
  const known = useQueryClient()
  const remove = useMutation({
    mutationFn: () => call(timeOffApi.remove, { params: { doctor_id: off.doctor_id, time_off_id: off.id } }),
    onSettled: () => known.invalidateQueries({ queryKey: ['time-off', off.doctor_id] }),
  })
  const when = `${dates.short(off.starts_at, zone)} – ${dates.short(off.ends_at, zone)}`
  return (
    <Row>
      {remove.error && <ProblemAlert error={remove.error} />}
      <Group justify="space-between" gap="xs">
        <div style={{ minWidth: 0 }}>
          <Text fw={600}>{when}</Text>
          {off.reason && (
            <Text size="sm" c="dimmed" className="name">
              {off.reason}
            </Text>
          )}
        </div>
        <Button
          size="compact-md"
          variant="default"
          aria-label={`${words.take_back}: ${when}`}
          loading={remove.isPending}
          onClick={() => !remove.isPending && remove.mutate()}
        >
          {words.take_back}
        </Button>
      </Group>
    </Row>
  )
}

const minutesOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))

function OffForm({ doctor, onAdded }: { doctor: Doctor; onAdded: (cancelled: number) => void }) {
  const words = useScheduleWords()
  const { members } = useWords()
  const user = useUser()
  const known = useQueryClient()
  const { id: doctor_id, timezone } = doctor
  const draft = useDraft(`time-off ${doctor_id}`, { from: '', until: '', start: '', end: '', reason: '' })
  const { from, until, start, end, reason } = draft.value
  const [isCancelling, setCancelling] = useState(false)
  const add = useMutation({
    mutationFn: () =>
      call(timeOffApi.add, {
        params: { doctor_id },
        body: {
          starts_at: instantAt(from, start ? minutesOf(start) : 0, timezone),
          ends_at: end
            ? instantAt(until || from, minutesOf(end), timezone)
            : instantAt(addDays(until || from, 1), 0, timezone),
          reason: reason.trim() || null,
          cancel_appointments: isCancelling,
        },
      }),
    onSuccess({ cancelled_appointments }) {
      draft.forget()
      onAdded(cancelled_appointments.total)
    },
    onSettled: () =>
      Promise.all([
        known.invalidateQueries({ queryKey: ['time-off', doctor_id] }),
        known.invalidateQueries({ queryKey: ['appointments'] }),
      ]),
  })
  const problem = add.error ? problemOf(add.error) : undefined
  const messages = messagesByMember(problem, members)
  const change = (part: Partial<typeof draft.value>) => {
    draft.change(part)
    // What stood in the way may not do so at another time.
    setCancelling(false)
    add.reset()
  }
  const field = (name: 'from' | 'until' | 'start' | 'end') => ({
    value: draft.value[name],
    onChange: (event: { currentTarget: { value: string } }) => change({ [name]: event.currentTarget.value }),
  })
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (from !== '' && !add.isPending) add.mutate()
      }}
    >
      <Stack>
        {problem?.kind.code === 'time_off_conflict' ? (
          <Expected problem={problem.members} zone={timezone}>
            {may(user, 'appointments:cancel') && (
              <Checkbox
                label={words.off_cancel}
                checked={isCancelling}
                onChange={(event) => setCancelling(event.currentTarget.checked)}
              />
            )}
          </Expected>
        ) : (
          problem && <ProblemAlert error={problem} />
        )}
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <TextInput label={words.off_from} type="date" {...field('from')} error={messages['starts_at']} />
          <TextInput label={words.off_until} type="date" {...field('until')} error={messages['ends_at']} />
          <TextInput label={words.off_start} type="time" {...field('start')} />
          <TextInput label={words.off_end} type="time" {...field('end')} />
        </SimpleGrid>
        <TextInput
          label={words.off_reason}
          value={reason}
          onChange={(event) => draft.change({ reason: event.currentTarget.value })}
          error={messages['reason']}
          maxLength={200}
          autoComplete="off"
        />
        <Group justify="flex-end">
          <Button type="submit" loading={add.isPending} disabled={from === ''}>
            {words.add_off}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

type ExpectedProps = { problem: Readonly<Record<string, unknown>>; zone: string; children: ReactNode }

/** Who is booked then, as far as one may read it. */
function Expected({ problem, zone, children }: ExpectedProps) {
  const words = useScheduleWords()
  const dates = useDates()
  const { total, items } = problem['appointments'] as { total: number; items: Affected[] }
  return (
    <Alert color="yellow" role="alert" title={words.off_conflict(total)}>
      <Stack gap="xs">
        <Stack component="ul" gap={2} m={0} ps="lg">
          {items.map(({ id, appointment_time, confirmation_code }) => (
            <li key={id}>
              {dates.short(appointment_time, zone)}, {confirmation_code}
            </li>
          ))}
        </Stack>
        {children}
      </Stack>
    </Alert>
  )
}
