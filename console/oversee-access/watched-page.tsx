// Records of known persons: every look into them is put among the findings.
import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { usePages } from '../connection/pages.ts'
import { may, useUser } from '../connection/use-session.ts'
import { type WatchedRecord, watchedRecordApi } from '#contracts/activity-review/watched-record'
import { LinkButton } from '../frame/link-button.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { Row, RowList } from '../frame/section.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { useWords } from '../words/words.tsx'
import { OversightNav, useAuditorWords } from './oversight.tsx'
import { SubjectSearch } from './subject-search.tsx'

const key = 'watched-records'
const pageSize = '50'

export function WatchedPage() {
  const words = useAuditorWords()
  const known = useQueryClient()
  const list = usePages([key], (cursor) => call(watchedRecordApi.list, { query: { limit: pageSize, cursor } }))
  const watch = useMutation({
    mutationFn: ({ patient_id }: { patient_id: string; patient_number: string }) =>
      call(watchedRecordApi.watch, { params: { patient_id } }),
    onSettled: () => known.invalidateQueries({ queryKey: [key] }),
  })
  return (
    <Stack>
      <PageTitle title={words.watched} />
      <OversightNav />
      <Text maw={720}>{words.watched_text}</Text>
      <SubjectSearch onRecord={(record) => watch.mutate(record)} />
      {watch.error && <ProblemAlert error={watch.error} />}
      {watch.isSuccess && (
        <Alert color="ward" role="status">
          {words.watching(watch.variables.patient_number)}
        </Alert>
      )}
      <RowList
        of={list}
        label={words.watched}
        none={words.watched_none}
        row={(record) => <WatchedRow key={record.patient_id} record={record} onEnded={() => watch.reset()} />}
      />
    </Stack>
  )
}

function WatchedRow({ record, onEnded }: { record: WatchedRecord; onEnded: () => void }) {
  const words = useAuditorWords()
  const { frame } = useWords()
  const dates = useDates()
  const user = useUser()
  const known = useQueryClient()
  const [isEnding, setEnding] = useState(false)
  const { patient_id, patient_number } = record
  const end = useMutation({
    mutationFn: () => call(watchedRecordApi.end, { params: { patient_id } }),
    onSuccess: onEnded,
    onSettled: () => known.invalidateQueries({ queryKey: [key] }),
  })
  return (
    <Row>
      <Group justify="space-between" gap="xs">
        <div style={{ minWidth: 0 }}>
          <Text fw={600}>{patient_number}</Text>
          <Text size="sm" c="dimmed">
            {words.watched_since(dates.short(record.watched_since))}
          </Text>
        </div>
        <Group gap="xs">
          {may(user, 'audit:read') && (
            <LinkButton to={addresses.audit} search={{ patient_id }} size="compact-sm" variant="subtle">
              {words.see_log}
            </LinkButton>
          )}
          <Button
            size="compact-sm"
            variant="default"
            aria-label={words.end_watch_of(patient_number)}
            onClick={() => setEnding(true)}
          >
            {words.end_watch}
          </Button>
        </Group>
      </Group>
      <Modal
        opened={isEnding}
        onClose={() => setEnding(false)}
        title={words.end_watch_of(patient_number)}
        closeButtonProps={{ 'aria-label': frame.close }}
      >
        <Stack>
          <Text>{words.end_watch_text}</Text>
          {end.error && <ProblemAlert error={end.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setEnding(false)} data-autofocus>
              {frame.cancel}
            </Button>
            <Button color="red.9" loading={end.isPending} onClick={() => !end.isPending && end.mutate()}>
              {words.end_watch}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </Row>
  )
}
