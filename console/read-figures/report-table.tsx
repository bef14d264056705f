// A report as a table; each figure leads to its rows.
import { Table, Text, Title } from '@mantine/core'
import type { Report } from '#contracts/reports/report'
import { useDates } from '../words/dates.ts'
import { useSpoken } from '../words/words.tsx'
import { Defined } from './definition.tsx'
import { useCatalogue, useFigureWords, useWriting } from './figures.tsx'
import classes from './figures.module.css'
import { type Narrowing, RowsLink } from './rows-link.tsx'

/** More lines are for a spreadsheet. */
const mostShown = 200

/** The columns of each report that tell its lines apart, and as what rows are narrowed by them. */
const toldBy: Readonly<Record<Report['report'], Readonly<Record<string, string>>>> = {
  dashboard: {},
  patient_statistics: { age_band: 'age_band', gender: 'gender' },
  visit_volume: { from: 'from', to: 'to', department_id: 'department_id', type: 'visit_type' },
  clinical_assessments: { topic: 'topic', part: 'part' },
  prescriptions: { from: 'from', to: 'to', doctor_id: 'doctor_id' },
  audit: { from: 'from', to: 'to', action: 'action', role: 'role', outcome: 'outcome' },
  doctor_utilization: { doctor_id: 'doctor_id' },
  appointment_trends: { from: 'from', to: 'to' },
  resource_usage: { type: 'type', ward: 'ward' },
}

function narrowedTo({ report }: Report, item: Report['items'][number]): Narrowing {
  return Object.fromEntries(Object.entries(toldBy[report]).map(([column, name]) => [name, item[column]]))
}

export function ReportTable({ report }: { report: Report }) {
  const words = useFigureWords()
  const writing = useWriting()
  const dates = useDates()
  const { locale } = useSpoken()
  const catalogue = useCatalogue()
  const title = words.names[report.report]
  const subjects = [report.report, `report_${report.report}`]
  const metricOf = (name: string) =>
    catalogue.data?.find((metric) => subjects.includes(metric.subject) && metric.name === name)
  const metricsBefore = (columns: readonly string[]) => columns.filter((column) => !metricOf(column))
  const cell = (item: Report['items'][number], column: string) => {
    const isGlance = report.report === 'dashboard' && column === 'value'
    const figure = isGlance ? String(item['metric']) : column
    const metric = metricOf(figure)
    const text = writing.figure(item[column], metric)
    if (!metric || metric.denominator !== null || !item[column]) return text
    const told = metricsBefore(report.columns)
      .map((name) => item[name])
      .filter((part) => typeof part === 'string')
    return (
      <RowsLink
        address={report.rows}
        figure={figure}
        narrowed={narrowedTo(report, item)}
        label={words.open_rows(`${writing.title(metric)}: ${text}`, told.join(' · '))}
      >
        {text}
      </RowsLink>
    )
  }
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
                    <Table.Td key={column}>{cell(item, column)}</Table.Td>
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
