// The hours of a week, block by block: adding some on several days, and removing them. All of it is kept at once or nothing.
import { Alert, Button, Group, Modal, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { problemOf } from '../connection/problem-of.ts'
import type { Doctor } from '#contracts/doctors/doctor'
import { type BlockRequest, type ChangedSchedule, type ScheduleBlock, scheduleApi } from '#contracts/doctors/schedule'
import { LinkButton } from '../frame/link-button.tsx'
import { Row, RowList } from '../frame/section.tsx'
import { ProblemAlert, ReadProblem, Waiting } from '../frame/states.tsx'
import { dateIn } from '../words/clock.ts'
import { useDates } from '../words/dates.ts'
import { numberFormat } from '../words/numbers.ts'
import { useSpoken, useWords } from '../words/words.tsx'
import { BlockForm } from './block-form.tsx'
import { useWeekdays } from './weekdays.ts'
import { useScheduleWords } from './words.ts'

/** As it is sent back: a block has no id in it. */
const requestOf = (block: ScheduleBlock): BlockRequest => ({
  weekday: block.weekday,
  start_time: block.start_time,
  end_time: block.end_time,
  slot_minutes: block.slot_minutes,
  emergency_share: block.emergency_share,
  location: block.location,
  valid_from: block.valid_from,
  valid_until: block.valid_until,
})

export function Week({ doctor }: { doctor: Doctor }) {
  const words = useScheduleWords()
  const { frame } = useWords()
  const known = useQueryClient()
  const { id: doctor_id } = doctor
  const queryKey = ['schedules', doctor_id]
  const schedule = useQuery({ queryKey, queryFn: () => call(scheduleApi.get, { params: { doctor_id } }) })
  const [isAdding, setAdding] = useState(false)
  const replace = useMutation({
    mutationFn: ({ blocks, version }: { blocks: BlockRequest[]; version: number }) =>
      call(scheduleApi.replace, { params: { doctor_id }, body: { blocks } }, { version }),
    onSuccess: () => setAdding(false),
    // After a refusal, too: what stands there may not be what was shown.
    onSettled: () => known.invalidateQueries({ queryKey }),
  })
  if (schedule.isPending) return <Waiting />
  if (schedule.error) return <ReadProblem error={schedule.error} />
  const { items, version } = schedule.data
  const isStale = replace.error && problemOf(replace.error).kind.code === 'stale_version'
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={2} size="h4">
          {words.week}
        </Title>
        <Button variant="default" onClick={() => (replace.reset(), setAdding(true))}>
          {words.add_hours}
        </Button>
      </Group>
      {replace.error && (!isAdding || isStale) && <ProblemAlert error={replace.error} />}
      {replace.data && <OutsideHours of={replace.data} zone={doctor.timezone} />}
      <RowList
        of={{ ...schedule, items }}
        label={words.week}
        none={words.week_none(doctor.available_from, doctor.available_to)}
        row={(block) => (
          <BlockRow
            key={block.id}
            block={block}
            isPending={replace.isPending}
            onRemove={() =>
              replace.mutate({ blocks: items.filter(({ id }) => id !== block.id).map(requestOf), version })
            }
          />
        )}
      />
      <Modal
        opened={isAdding}
        onClose={() => setAdding(false)}
        title={words.add_hours}
        closeButtonProps={{ 'aria-label': frame.close }}
      >
        <BlockForm
          doctor_id={doctor_id}
          first={items.length}
          isPending={replace.isPending}
          error={replace.error}
          onAdd={(blocks) => replace.mutate({ blocks: [...items.map(requestOf), ...blocks], version })}
        />
      </Modal>
    </Stack>
  )
}

type BlockRowProps = { block: ScheduleBlock; isPending: boolean; onRemove: () => void }

function BlockRow({ block, isPending, onRemove }: BlockRowProps) {
  const words = useScheduleWords()
  const { locale } = useSpoken()
  const dates = useDates()
  const weekday = useWeekdays()
  const { start_time, end_time, slot_minutes, emergency_share, location, valid_from, valid_until } = block
  const name = `${weekday(block.weekday)} ${start_time}–${end_time}`
  const percent = numberFormat(locale, { style: 'percent' })
  return (
    <Row>
      <Group justify="space-between" gap="xs">
        <div style={{ minWidth: 0 }}>
          <Text fw={600}>{name}</Text>
          <Text size="sm" c="dimmed" className="name">
            {[
              words.slots_of(slot_minutes),
              emergency_share > 0 && words.share_of(percent.format(emergency_share)),
              location,
              words.since(dates.day(valid_from)),
              valid_until && words.through(dates.day(valid_until)),
            ]
              .filter(Boolean)
              .join(' · ')}
          </Text>
        </div>
        <Button
          size="compact-md"
          variant="default"
          aria-label={words.remove_of(name)}
          onClick={() => !isPending && onRemove()}
        >
          {words.remove}
        </Button>
      </Group>
    </Row>
  )
}

/** What was booked and does not lie in the hours any more: it stays, and somebody has to look at it. */
function OutsideHours({ of: { outside_hours }, zone }: { of: ChangedSchedule; zone: string }) {
  const words = useScheduleWords()
  const dates = useDates()
  const { total, items } = outside_hours
  if (total === 0) return null
  const days = [...new Set(items.map(({ appointment_time }) => dateIn(appointment_time, zone)))]
  return (
    <Alert color="yellow" role="status">
      <Stack gap="xs">
        <Text size="sm">{words.outside(total)}</Text>
        <Group gap="xs">
          {days.map((date) => (
            <LinkButton key={date} to={addresses.calendar} search={{ date }} size="compact-md" variant="default">
              {words.to_calendar(dates.day(date))}
            </LinkButton>
          ))}
        </Group>
      </Stack>
    </Alert>
  )
}
