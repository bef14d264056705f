// Everything about a patient in order of time: a page at a time, all of it or one kind. Each entry opens.
import { Button, Group, Select, Stack, Text, Title, UnstyledButton } from '@mantine/core'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { call } from '../connection/call.ts'
import { timelineApi, type TimelineEntry, TimelineKind } from '#contracts/timeline/timeline'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { dateIn } from '../words/clock.ts'
import { useDates } from '../words/dates.ts'
import { EntryPanel } from './entry-panel.tsx'
import { useChartWords } from './words.ts'
import classes from './timeline.module.css'

const pageSize = '30'

export function Timeline({ patient_id }: { patient_id: string }) {
  const words = useChartWords()
  const dates = useDates()
  const heading = useId()
  const [kind, setKind] = useState<TimelineEntry['kind'] | ''>('')
  const [opened, setOpened] = useState<TimelineEntry>()
  const pages = useInfiniteQuery({
    queryKey: ['timeline', patient_id, kind],
    queryFn: ({ pageParam }) =>
      call(timelineApi.read, {
        params: { patient_id },
        query: { limit: pageSize, ...(kind && { kind }), ...(pageParam && { cursor: pageParam }) },
      }),
    initialPageParam: '',
    getNextPageParam: ({ next_cursor }) => next_cursor,
    placeholderData: keepPreviousData,
  })
  const entries = pages.data?.pages.flatMap(({ items }) => items) ?? []
  const days = Object.groupBy(entries, ({ at }) => dateIn(at))
  return (
    <section aria-labelledby={heading}>
      <Group justify="space-between" align="flex-end" mb="xs">
        <Title order={2} size="h4" id={heading}>
          {words.timeline}
        </Title>
        <Select
          label={words.show}
          data={[
            { value: '', label: words.everything },
            ...TimelineKind.options.map((value) => ({ value, label: words.many[value] })),
          ]}
          value={kind}
          onChange={(value) => setKind((value ?? '') as typeof kind)}
          allowDeselect={false}
          w={200}
        />
      </Group>
      {pages.isPending && <Waiting />}
      {pages.error && <ReadProblem error={pages.error} />}
      {pages.data && entries.length === 0 && (
        <Text c="dimmed">{kind === '' ? words.nothing : words.nothing_of_kind}</Text>
      )}
      <ol className={classes.days}>
        {Object.entries(days).map(([date, ofDay = []]) => (
          <li key={date} className={classes.day}>
            <Title order={3} size="h6" mb={4}>
              {dates.day(date)}
            </Title>
            <ol className={classes.entries}>
              {ofDay.map((entry) => (
                <li key={`${entry.kind} ${entry.id}`}>
                  <UnstyledButton className={classes.entry} onClick={() => setOpened(entry)} data-kind={entry.kind}>
                    <Text component="span" size="sm" c="dimmed" className={classes.time}>
                      {dates.time(entry.at)}
                    </Text>
                    <Text component="span" fw={600} size="sm">
                      {words.kinds[entry.kind]}
                    </Text>
                    <span className={classes.what}>
                      {entry.title ?? (entry.type ? (words.codes[entry.type] ?? entry.type) : '')}
                    </span>
                    <Text component="span" size="sm" c="dimmed">
                      {entry.status ? (words.codes[entry.status] ?? entry.status) : ''}
                    </Text>
                  </UnstyledButton>
                </li>
              ))}
            </ol>
          </li>
        ))}
      </ol>
      {pages.hasNextPage && (
        <Stack align="center" mt="sm">
          <Button variant="default" onClick={() => void pages.fetchNextPage()} loading={pages.isFetchingNextPage}>
            {words.more}
          </Button>
        </Stack>
      )}
      <EntryPanel patient_id={patient_id} entry={opened} onClose={() => setOpened(undefined)} />
    </section>
  )
}
