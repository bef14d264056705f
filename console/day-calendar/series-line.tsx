// Of an appointment that recurs: which one it is.
import { Text } from '@mantine/core'
import type { Appointment } from '#contracts/appointments/appointment-record'
import { ProblemAlert } from '../frame/states.tsx'
import { desk } from '../words/desk.ts'
import { useWordsOf } from '../words/words.tsx'
import { useSeries } from './series-scope.tsx'

export function SeriesLine({ appointment: { series_id, occurrence } }: { appointment: Appointment }) {
  const words = useWordsOf(desk)
  const series = useSeries(series_id)
  if (series_id === null || occurrence === null) return null
  if (series.error) return <ProblemAlert error={series.error} />
  return <Text size="sm">{words.of_series(occurrence, series.data?.occurrences.length)}</Text>
}
