// Of an appointment that recurs: which one it is, and cancelling those that are still to come.
import { Button, Group, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { may, useUser } from '../connection/use-session.ts'
import type { Appointment } from '#contracts/appointments/appointment-record'
import { seriesApi } from '#contracts/appointments/series'
import { ProblemAlert } from '../frame/states.tsx'
import { desk } from '../words/desk.ts'
import { useWordsOf } from '../words/words.tsx'
import { isExpected } from './standing.ts'

export function SeriesLine({ appointment }: { appointment: Appointment }) {
  const { series_id, occurrence } = appointment
  if (series_id === null || occurrence === null) return null
  return <OfSeries series_id={series_id} occurrence={occurrence} isOpen={isExpected(appointment)} />
}

function OfSeries({ series_id, occurrence, isOpen }: { series_id: string; occurrence: number; isOpen: boolean }) {
  const words = useWordsOf(desk)
  const user = useUser()
  const known = useQueryClient()
  const [isSure, setSure] = useState(false)
  const series = useQuery({
    queryKey: ['appointments', 'series', series_id],
    queryFn: () => call(seriesApi.get, { params: { series_id } }),
  })
  const cancel = useMutation({
    mutationFn: (version: number) =>
      call(
        seriesApi.change,
        { params: { series_id }, body: { scope: 'following', occurrence, cancel: {} } },
        { version },
      ),
    onSettled: () => known.invalidateQueries({ queryKey: ['appointments'] }),
  })
  const following = series.data?.occurrences.filter(
    (one) => (one.occurrence ?? 0) >= occurrence && isExpected(one),
  ).length
  return (
    <Stack gap="xs" align="flex-start">
      <Text size="sm">{words.of_series(occurrence, series.data?.occurrences.length)}</Text>
      {series.error && <ProblemAlert error={series.error} />}
      {cancel.error && <ProblemAlert error={cancel.error} />}
      {isOpen && series.data && (following ?? 0) > 1 && may(user, 'appointments:update') && (
        <Group gap="xs">
          {isSure ? (
            <>
              <Button
                size="xs"
                color="red.9"
                className="wrap"
                onClick={() => cancel.mutate(series.data.version)}
                loading={cancel.isPending}
              >
                {words.cancel_following(following ?? 0)}
              </Button>
              <Button size="xs" variant="default" onClick={() => setSure(false)}>
                {words.keep_them}
              </Button>
            </>
          ) : (
            <Button size="xs" variant="light" color="red" className="wrap" onClick={() => setSure(true)}>
              {words.cancel_following(following ?? 0)}
            </Button>
          )}
        </Group>
      )}
    </Stack>
  )
}
