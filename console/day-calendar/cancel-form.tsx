// Cancelling an appointment; of a series this one, those from it on, or all that lie ahead.
import { Button, Group, Stack, Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import type { Appointment } from '#contracts/appointments/appointment-record'
import { seriesApi } from '#contracts/appointments/series'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { type Scope, ScopeChoice, useSeries } from './series-scope.tsx'

type CancelFormProps = {
  appointment: Appointment
  isPending: boolean
  /** Of one appointment: its conflicts are shown where it is. */
  onCancel: (reason: string) => void
  onClose: () => void
}

export function CancelForm({ appointment, isPending, onCancel, onClose }: CancelFormProps) {
  const { calendar, frame } = useWords()
  const known = useQueryClient()
  const { series_id, occurrence } = appointment
  const series = useSeries(series_id)
  const [scope, setScope] = useState<Scope>('this')
  const [reason, setReason] = useState('')
  const cancelMany = useMutation({
    mutationFn: (version: number) =>
      call(
        seriesApi.change,
        {
          params: { series_id: series_id ?? '' },
          body: { scope, occurrence: occurrence ?? 1, cancel: { reason: reason.trim() || null } },
        },
        { version },
      ),
    onSettled: () => known.invalidateQueries({ queryKey: ['appointments'] }),
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (scope === 'this') onCancel(reason.trim())
        else if (series.data && !cancelMany.isPending) cancelMany.mutate(series.data.version)
      }}
    >
      <Stack gap="sm">
        {series_id !== null && <ScopeChoice appointment={appointment} scope={scope} onScope={setScope} />}
        <Textarea
          label={calendar.cancel_reason}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          maxLength={500}
          autosize
          minRows={2}
          data-autofocus
        />
        {cancelMany.error && <ProblemAlert error={cancelMany.error} />}
        <Group>
          <Button type="submit" color="red.9" loading={isPending || cancelMany.isPending}>
            {calendar.cancel}
          </Button>
          <Button variant="default" onClick={onClose}>
            {frame.close}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
