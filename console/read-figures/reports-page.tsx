// Reports: shown here, fetched as a table, or made in the background where they open many records.
import { Button, Group, NativeSelect, Progress, Stack, Text, TextInput, Title } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { saveFile } from '../connection/save-file.ts'
import { reportApi, type ReportJob, reportJobApi } from '#contracts/reports/report'
import { type Filters, filtersOf, ReportName } from '#contracts/reports/report-filters'
import type { Operation } from '#platform/contract/operation.ts'
import { PageTitle } from '../frame/page-title.tsx'
import { Row } from '../frame/section.tsx'
import sectionClasses from '../frame/section.module.css'
import { ProblemAlert } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { FiguresNav, useFigureWords, useWriting } from './figures.tsx'
import { ReportFilters } from './report-filters.tsx'
import { ReportTable } from './report-table.tsx'

const groups = ['day', 'week', 'month'] as const
const pollMs = 1000
/** The same operation, whose table is taken as the text that it is. */
const asText = <const O extends Operation>(operation: O) => ({ ...operation, sends: 'text' as const })

export function ReportsPage() {
  const words = useFigureWords()
  const [form, setForm] = useState({
    report: 'dashboard' as ReportName,
    from: '',
    to: '',
    group_by: 'day' as (typeof groups)[number],
    filters: {} as Filters,
  })
  const ordered = useDraft<{ jobs: ReportJob[] }>('ordered reports', { jobs: [] })
  const { report, group_by } = form
  const from = form.from || undefined
  const to = form.to || undefined
  // What was chosen for another report narrows nothing here.
  const filters = Object.fromEntries(filtersOf[report].map((name) => [name, form.filters[name] || undefined]))
  const read = useMutation({
    mutationFn: () =>
      call(reportApi.export, { params: { report }, query: { from, to, group_by, format: 'json', ...filters } }),
  })
  const fetchTable = useMutation({
    mutationFn: async () => {
      const text = await call(asText(reportApi.export), {
        params: { report },
        query: { from, to, group_by, format: 'csv', ...filters },
      })
      saveFile(`${report}.csv`, 'text/csv', text as unknown as string)
    },
  })
  const order = useMutation({
    mutationFn: () => call(reportJobApi.create, { body: { report, from, to, group_by, format: 'csv', ...filters } }),
    onSuccess: (job) => ordered.change({ jobs: [job, ...ordered.value.jobs] }),
  })
  const error = read.error ?? fetchTable.error ?? order.error
  return (
    <Stack>
      <PageTitle title={words.reports} />
      <FiguresNav />
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (!read.isPending) read.mutate()
        }}
      >
        <Stack gap="sm">
          <Group gap="sm" align="flex-end">
            <NativeSelect
              label={words.report}
              value={report}
              onChange={(event) => setForm({ ...form, report: ReportName.parse(event.currentTarget.value) })}
              data={ReportName.options.map((value) => ({ value, label: words.names[value] }))}
            />
            <TextInput
              type="date"
              label={words.from}
              value={form.from}
              onChange={(event) => setForm({ ...form, from: event.currentTarget.value })}
            />
            <TextInput
              type="date"
              label={words.to}
              value={form.to}
              onChange={(event) => setForm({ ...form, to: event.currentTarget.value })}
            />
            <NativeSelect
              label={words.by}
              value={group_by}
              onChange={(event) => setForm({ ...form, group_by: event.currentTarget.value as typeof group_by })}
              data={groups.map((value) => ({ value, label: words.groups[value] }))}
            />
            <ReportFilters
              report={report}
              value={form.filters}
              onChange={(part) => setForm({ ...form, filters: { ...form.filters, ...part } })}
            />
          </Group>
          <Group gap="sm">
            <Button type="submit" loading={read.isPending}>
              {words.read}
            </Button>
            <Button variant="default" loading={fetchTable.isPending} onClick={() => fetchTable.mutate()}>
              {words.csv}
            </Button>
            <Button variant="default" loading={order.isPending} onClick={() => order.mutate()}>
              {words.order}
            </Button>
          </Group>
          <Text size="sm" c="dimmed">
            {words.order_text}
          </Text>
        </Stack>
      </form>
      {error && <ProblemAlert error={error} />}
      {ordered.value.jobs.length > 0 && (
        <>
          <Title order={2} size="h4">
            {words.ordered}
          </Title>
          <ul aria-label={words.ordered} className={sectionClasses.rows}>
            {ordered.value.jobs.map((job) => (
              <OrderedReport key={job.id} ordered={job} />
            ))}
          </ul>
        </>
      )}
      {read.data && <ReportTable report={read.data} />}
    </Stack>
  )
}

function OrderedReport({ ordered }: { ordered: ReportJob }) {
  const words = useFigureWords()
  const writing = useWriting()
  const dates = useDates()
  const job = useQuery({
    queryKey: ['report-job', ordered.id],
    queryFn: () => call(reportJobApi.read, { params: { report_job_id: ordered.id } }),
    refetchInterval: ({ state }) =>
      state.data?.status === 'finished' || state.data?.status === 'failed' || state.error ? false : pollMs,
  })
  const take = useMutation({
    mutationFn: async () => {
      const text = await call(asText(reportJobApi.content), { params: { report_job_id: ordered.id } })
      saveFile(`${ordered.report}.csv`, 'text/csv', text as unknown as string)
    },
  })
  const { status, done, total, from, to } = job.data ?? ordered
  const count = (value: number) => writing.figure(value, undefined)
  return (
    <Row mark={status === 'failed' ? 'bad' : undefined}>
      <Group justify="space-between" gap="xs">
        <div>
          <Text fw={600}>{words.names[ordered.report]}</Text>
          <Text size="sm" c="dimmed">
            {words.period(dates.day(from), dates.day(to))}
          </Text>
        </div>
        <Text size="sm" role="status">
          {words.statuses[status]}
          {status === 'running' && total > 0 ? ` · ${words.progress(count(done), count(total))}` : ''}
        </Text>
        {status === 'finished' && (
          <Button size="compact-sm" loading={take.isPending} onClick={() => take.mutate()}>
            {words.fetch}
          </Button>
        )}
      </Group>
      {status === 'running' && total > 0 && (
        <Progress value={(done / total) * 100} aria-label={words.progress(count(done), count(total))} mt="xs" />
      )}
      {(job.error ?? take.error) && <ProblemAlert error={job.error ?? take.error} />}
    </Row>
  )
}
