// Of an appointment that recurs: whether a change is for this one, for those from it on, or for all that lie ahead.
import { Alert, Radio, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import type { Appointment } from '#contracts/appointments/appointment-record'
import { appointmentApi } from '#contracts/appointments/appointment'
import { type Conflict, type Series, seriesApi, type SeriesChange } from '#contracts/appointments/series'
import { problemOf } from '../connection/problem-of.ts'
import { ReadProblem } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { desk } from '../words/desk.ts'
import { useWordsOf } from '../words/words.tsx'
import { isExpected } from './standing.ts'

export type Scope = SeriesChange['scope']
const scopes = ['this', 'following', 'all'] as const satisfies readonly Scope[]

export function useSeries(series_id: string | null | undefined) {
  return useQuery({
    queryKey: ['appointments', 'series', series_id],
    queryFn: () => call(seriesApi.get, { params: { series_id: series_id ?? '' } }),
    enabled: Boolean(series_id),
  })
}

/** How many of those that still lie ahead a change is for. */
export function reached(series: Series, occurrence: number, scope: Scope): number {
  return series.occurrences.filter(
    (one) =>
      isExpected(one) &&
      (scope === 'all' || (scope === 'this' ? one.occurrence === occurrence : (one.occurrence ?? 0) >= occurrence)),
  ).length
}

type ScopeChoiceProps = { appointment: Appointment; scope: Scope; onScope: (scope: Scope) => void }

/** Nothing where it recurs no more: then it is this one. */
export function ScopeChoice({ appointment, scope, onScope }: ScopeChoiceProps) {
  const words = useWordsOf(desk)
  const series = useSeries(appointment.series_id)
  const occurrence = appointment.occurrence ?? 0
  if (series.error) return <ReadProblem error={series.error} />
  if (!series.data || reached(series.data, occurrence, 'all') < 2) return null
  const { data } = series
  const offered = scopes.filter(
    (one) => one !== 'following' || reached(data, occurrence, one) < reached(data, occurrence, 'all'),
  )
  return (
    <Radio.Group label={words.which} value={scope} onChange={(value) => onScope(value as Scope)}>
      <Stack gap="xs" mt={4}>
        {offered.map((one) => (
          <Radio key={one} value={one} label={words.scopes[one](reached(data, occurrence, one))} />
        ))}
      </Stack>
    </Radio.Group>
  )
}

/** Moves it, or all that `scope` reaches; tells how it stands after that. @throws Problem */
export async function moveInSeries(
  appointment: Appointment,
  to: { doctor_id: string; appointment_time: string },
  scope: Scope,
  series: Series | undefined,
): Promise<Appointment> {
  if (scope === 'this' || !series || appointment.occurrence === null) {
    const params = { appointment_id: appointment.id }
    return call(appointmentApi.reschedule, { params, body: to }, { version: appointment.version })
  }
  const body = { scope, occurrence: appointment.occurrence, move: to }
  const changed = await call(seriesApi.change, { params: { series_id: series.id }, body }, { version: series.version })
  return changed.occurrences.find(({ id }) => id === appointment.id) ?? appointment
}

/** Each occurrence that stands in the way, and why: nothing was moved. */
export function SeriesConflicts({ error, zone }: { error: unknown; zone: string | undefined }) {
  const words = useWordsOf(desk)
  const dates = useDates()
  const conflicts = problemOf(error).members['conflicts']
  if (!Array.isArray(conflicts)) return null
  return (
    <Alert color="yellow" role="alert" title={words.series_conflicts}>
      <Stack component="ul" gap={4} m={0} ps="lg">
        {(conflicts as Conflict[]).map(({ occurrence, appointment_time, code }) => (
          <li key={occurrence}>
            <Text size="sm" component="span">
              {dates.short(appointment_time, zone)}: <strong>{words.conflict_codes[code]}</strong>
            </Text>
          </li>
        ))}
      </Stack>
    </Alert>
  )
}
