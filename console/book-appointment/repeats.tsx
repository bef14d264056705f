// An appointment that recurs: how often, and what of it can be had, before anything is booked.
import { Alert, Group, NumberInput, Select, Stack, Text } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { mostOccurrences } from '#contracts/appointments/recurrence'
import { type SeriesPlan, seriesApi } from '#contracts/appointments/series'
import type { Doctor } from '#contracts/doctors/doctor'
import type { Slot, SlotPriority } from '#contracts/doctors/slot'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { desk } from '../words/desk.ts'
import { useWordsOf } from '../words/words.tsx'
import { holdsSettled } from './use-hold.ts'

export const rhythms = {
  daily: 'FREQ=DAILY',
  weekly: 'FREQ=WEEKLY',
  fortnightly: 'FREQ=WEEKLY;INTERVAL=2',
  four_weekly: 'FREQ=WEEKLY;INTERVAL=4',
} as const
export type Rhythm = keyof typeof rhythms
export type Repeating = { rhythm: Rhythm | null; count: number }
export const once: Repeating = { rhythm: null, count: 6 }

/** As RFC 5545 writes it. */
export function ruleOf({ rhythm, count }: Repeating): string | undefined {
  return rhythm === null ? undefined : `${rhythms[rhythm]};COUNT=${count}`
}

/** What the series would be. `patient_id` as for a booking. */
export function useSeriesPlan(
  chosen: Slot | undefined,
  repeating: Repeating,
  { patient_id, priority }: { patient_id: string; priority: SlotPriority },
) {
  const rrule = ruleOf(repeating)
  return useQuery({
    queryKey: ['slots', 'series', chosen, rrule, patient_id, priority],
    async queryFn() {
      // What is held here would stand in its own way.
      await holdsSettled()
      const { doctor_id = '', start: appointment_time = '' } = chosen ?? {}
      const body = { doctor_id, appointment_time, patient_id, priority, rrule: rrule ?? '' }
      return call(seriesApi.plan, { body })
    },
    enabled: chosen !== undefined && rrule !== undefined,
    placeholderData: keepPreviousData,
  })
}

export function Repeats({ repeating, onChange }: { repeating: Repeating; onChange: (repeating: Repeating) => void }) {
  const words = useWordsOf(desk)
  return (
    <Group align="flex-end" wrap="nowrap">
      <Select
        label={words.repeats}
        data={[
          { value: '', label: words.once },
          ...Object.keys(rhythms).map((value) => ({ value, label: words.rhythms[value as Rhythm] })),
        ]}
        value={repeating.rhythm ?? ''}
        onChange={(value) => onChange({ ...repeating, rhythm: value ? (value as Rhythm) : null })}
        allowDeselect={false}
        flex={1}
      />
      {repeating.rhythm !== null && (
        <NumberInput
          label={words.times}
          value={repeating.count}
          onChange={(value) => onChange({ ...repeating, count: Number(value) || 2 })}
          min={2}
          max={mostOccurrences}
          clampBehavior="strict"
          w={90}
        />
      )}
    </Group>
  )
}

type PlannedProps = { plan: ReturnType<typeof useSeriesPlan>; doctor: Doctor | undefined }

/** Every occurrence, and why one cannot be had. */
export function Planned({ plan, doctor }: PlannedProps) {
  const words = useWordsOf(desk)
  const dates = useDates()
  if (plan.error) return <ReadProblem error={plan.error} />
  if (!plan.data) return <Waiting />
  const { occurrences, conflicts } = plan.data
  const conflictOf = (occurrence: number) => conflicts.find((one) => one.occurrence === occurrence)
  return (
    <Stack gap="xs">
      {conflicts.length > 0 && (
        <Alert color="yellow" role="status">
          <Text size="sm">{words.conflicts(conflicts.length, occurrences.length)}</Text>
        </Alert>
      )}
      <Stack component="ol" gap={4} m={0} ps="lg" aria-label={words.occurrences}>
        {occurrences.map(({ occurrence, appointment_time }) => {
          const conflict = conflictOf(occurrence)
          return (
            <li key={occurrence}>
              <Text size="sm" component="span" td={conflict ? 'line-through' : undefined}>
                {dates.short(appointment_time, doctor?.timezone)}
              </Text>
              {conflict && (
                <Text size="sm" component="span" fw={600}>
                  {' '}
                  {words.conflict_codes[conflict.code]}
                </Text>
              )}
            </li>
          )
        })}
      </Stack>
    </Stack>
  )
}

export const freeOf = ({ occurrences, conflicts }: SeriesPlan): number => occurrences.length - conflicts.length
