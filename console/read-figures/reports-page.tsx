// Reports: shown here, fetched as a table, or made in the background where they open many records.
import { Button, Group, NativeSelect, Progress, Stack, Table, Text, TextInput, Title } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { saveFile } from '../connection/save-file.ts'
import { type Report, reportApi, type ReportJob, reportJobApi } from '#contracts/reports/report'
import { ReportName } from '#contracts/reports/report-filters'
import type { Operation } from '#platform/contract/operation.ts'
import { PageTitle } from '../frame/page-title.tsx'
import { Row } from '../frame/section.tsx'
import sectionClasses from '../frame/section.module.css'
import { ProblemAlert } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { useSpoken } from '../words/words.tsx'
import { Defined } from './definition.tsx'
import { FiguresNav, useCatalogue, useFigureWords, useWriting } from './figures.tsx'
import classes from './figures.module.css'

const groups = ['day', 'week', 'month'] as const
const pollMs = 1000
/** More lines are for a spreadsheet. */
const mostShown = 200

/** The same operation, whose table is taken as the text that it is. */
const asText = <const O extends Operation>(operation: O) => ({ ...operation, sends: 'text' as const })

export function ReportsPage() {
  const words = useFigureWords()
  const [form, setForm] = useState({
    report: 'dashboard' as ReportName,
    from: '',
    to: '',
    group_by: 'day' as (typeof groups)[number],
  })
  const ordered = useDraft<{ jobs: ReportJob[] }>('ordered reports', { jobs: [] })
  const { report, group_by } = form
  const from = form.from || undefined
  const to = form.to || undefined
  const read = useMutation({
    mutationFn: () => call(reportApi.export, { params: { report }, query: { from, to, group_by, format: 'json' } }),
  })
  const fetchTable = useMutation({
    mutationFn: async () => {
      const text = await call(asText(reportApi.export), {
        params: { report },
        query: { from, to, group_by, format: 'csv' },
      })
      saveFile(`${report}.csv`, 'text/csv', text as unknown as string)
    },
  })
  const order = useMutation({
    mutationFn: () => call(reportJobApi.create, { body: { report, from, to, group_by, format: 'csv' } }),
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

function ReportTable({ report }: { report: Report }) {
  const words = useFigureWords()
  const writing = useWriting()
  const dates = useDates()
  const { locale } = useSpoken()
  const catalogue = useCatalogue()
  const title = words.names[report.report]
  const subjects = [report.report, `report_${report.report}`]
  const metricOf = (name: string) =>
    catalogue.data?.find((metric) => subjects.includes(metric.subject) && metric.name === name)
  return (
    <>
      <Title order={2} size="h4">
        {title}
      </Title>
      <Text size="sm" c="dimmed" role="status">
        {words.period(dates.day(report.from), dates.day(report.to))} · {words.as_of(dates.short(report.as_of))}
        {report.is_over ? '' : ` · ${words.not_over}`}
      </Text>
      {report.items.length === 0 && <Text>{words.none}</Text>}
      {report.items.length > mostShown && <Text size="sm">{words.rows_shown(mostShown, report.items.length)}</Text>}
      {report.items.length > 0 && (
        <div className={classes.scroll} role="region" aria-label={words.table(title)} tabIndex={0}>
          <Table striped>
            <Table.Thead>
              <Table.Tr>
                {report.columns.map((column) => {
                  const metric = metricOf(column)
                  return (
                    <Table.Th key={column} lang={metric ? locale : 'en'}>
                      {metric ? <Defined metric={metric} /> : column}
                    </Table.Th>
                  )
                })}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {report.items.slice(0, mostShown).map((item, at) => (
                // Lines have no other name than their place.
                <Table.Tr key={at}>
                  {report.columns.map((column) => (
                    <Table.Td key={column}>{writing.figure(item[column], metricOf(column))}</Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
    </>
  )
}
