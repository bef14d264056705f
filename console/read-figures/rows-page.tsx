// The rows that a figure is the sum of.
import { Group, Stack, Text } from '@mantine/core'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { usePages } from '../connection/pages.ts'
import { type FigureRow, figureRowsApi } from '#contracts/analytics/figure-rows'
import { reportRowsApi } from '#contracts/reports/report-rows'
import { useDoctors } from '../day-calendar/day.ts'
import { RowLink } from '../frame/link-button.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { Row, RowList } from '../frame/section.tsx'
import { dateIn } from '../words/clock.ts'
import { useDates } from '../words/dates.ts'
import { Defined } from './definition.tsx'
import { FiguresNav, useCatalogue, useFigureWords, useWriting } from './figures.tsx'
import { PeriodChoice } from './period.tsx'
import { useResourceNames } from './resource-names.ts'
import type { RowsSearch } from './routes.ts'

const route = getRouteApi(`/closed${addresses.figure_rows}`)

/** What the address says is for the server to judge. */
function askRows({ subject = 'appointment_trends', figure = 'appointments', ...asked }: RowsSearch, cursor?: string) {
  const query = { ...asked, figure, cursor }
  return subject.startsWith('report_')
    ? call(reportRowsApi.list, { query: { ...query, report: subject.slice('report_'.length) } as never })
    : call(figureRowsApi.list, { query: { ...query, subject } as never })
}

export function RowsPage() {
  const words = useFigureWords()
  const writing = useWriting()
  const dates = useDates()
  const navigate = useNavigate()
  const search = route.useSearch()
  const catalogue = useCatalogue()
  const doctors = useDoctors()
  const { from, to, subject = 'appointment_trends', figure = 'appointments' } = search
  const list = usePages(['figures', 'rows', search], async (cursor) => ({
    ...(await askRows(search, cursor)),
    total: 0,
  }))
  const resources = useResourceNames(list.items.some(({ resource_id }) => resource_id !== null))
  const metric = catalogue.data?.find((one) => one.subject === subject && one.name === figure)
  const title = metric ? writing.title(metric) : words.rows
  const written = (value: number) =>
    writing.figure(value, metric ?? { name: figure, unit: figure.endsWith('_minutes') ? 'minutes' : 'count' })
  const sum = list.items.reduce((total, { value }) => total + value, 0)
  return (
    <Stack>
      <PageTitle title={words.rows} />
      <FiguresNav />
      <PeriodChoice
        key={`${from} ${to}`}
        search={{ from, to }}
        onChange={(next) =>
          void navigate({ to: addresses.figure_rows, search: { ...search, from: next.from, to: next.to } })
        }
      />
      <Group gap="xs">
        {metric && <Defined metric={metric} />}
        <Text role="status" size="sm" c="dimmed">
          {list.isSuccess
            ? `${words.together(words.row_count(list.items.length), written(sum))}${list.hasNextPage ? ` · ${words.more_rows}` : ''}`
            : ''}
        </Text>
      </Group>
      <RowList
        of={{ ...list, items: list.items.map((item, at) => ({ ...item, at_place: at })) }}
        label={title}
        none={words.no_rows}
        row={(row) => {
          const doctor = doctors.data?.find(({ id }) => id === row.doctor_id)
          const about = [
            dates.short(row.at, doctor?.timezone),
            doctor && `${doctor.first_name} ${doctor.last_name}`,
            row.resource_id && resources.get(row.resource_id),
            row.part && writing.title({ name: row.part, title: row.part }),
          ]
          return (
            <Row key={row.at_place}>
              <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
                <div style={{ minWidth: 0 }}>
                  <Named row={row} date={dateIn(row.at, doctor?.timezone)} />
                  <Text size="sm" c="dimmed" className="name">
                    {about.filter(Boolean).join(' · ')}
                  </Text>
                </div>
                <Text size="sm">{written(row.value)}</Text>
              </Group>
            </Row>
          )
        }}
      />
    </Stack>
  )
}

/** Leads to the record, for whoever was told which it is. */
function Named({ row: { id, record }, date }: { row: FigureRow; date: string }) {
  const words = useFigureWords()
  const name = words.records[record]
  if (id === null) return <Text className="name">{name}</Text>
  switch (record) {
    case 'appointment':
      return (
        <RowLink to={addresses.calendar} search={{ date }}>
          {name}
        </RowLink>
      )
    case 'visit':
      return (
        <RowLink to={addresses.visit} params={{ visit_id: id }}>
          {name}
        </RowLink>
      )
    case 'prescription':
      return (
        <RowLink to={addresses.prescription} params={{ prescription_id: id }}>
          {name}
        </RowLink>
      )
    case 'patient':
      return (
        <RowLink to={addresses.patient} params={{ patient_id: id }}>
          {name}
        </RowLink>
      )
    case 'user':
      return (
        <RowLink to={addresses.user} params={{ user_id: id }}>
          {name}
        </RowLink>
      )
    case 'slot':
    case 'resource':
    case 'stay':
    case 'document':
    case 'assessment':
    case 'alert':
    case 'entry':
      return <Text className="name">{name}</Text>
  }
}
