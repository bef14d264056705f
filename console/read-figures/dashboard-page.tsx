// The hospital at a glance: what stands now, and this period against the one before.
import { Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { may, useUser } from '../connection/use-session.ts'
import { analyticsApi } from '#contracts/analytics/analytics'
import type { Metric } from '#contracts/analytics/metric'
import { reportApi } from '#contracts/reports/report'
import { RowLink } from '../frame/link-button.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { BarChart } from './bar-chart.tsx'
import { Defined } from './definition.tsx'
import { FiguresNav, useCatalogue, useFigureWords, useWriting } from './figures.tsx'
import classes from './figures.module.css'
import { PeriodChoice } from './period.tsx'
import { type Narrowing, RowsLink } from './rows-link.tsx'

const route = getRouteApi(`/closed${addresses.dashboard}`)
const compared = ['appointments', 'visits', 'prescriptions', 'documents', 'users'] as const

export function DashboardPage() {
  const words = useFigureWords()
  const writing = useWriting()
  const dates = useDates()
  const user = useUser()
  const navigate = useNavigate()
  const { from, to } = route.useSearch()
  const query = { from, to }
  const catalogue = useCatalogue()
  const glance = useQuery({
    queryKey: ['figures', 'glance', query],
    queryFn: () => call(reportApi.dashboard, { query }),
    enabled: may(user, 'reports:read'),
  })
  const period = useQuery({
    queryKey: ['figures', 'admin', query],
    queryFn: () => call(analyticsApi.admin, { query }),
  })
  const trend = useQuery({
    queryKey: ['figures', 'appointment_trends', query],
    queryFn: () => call(analyticsApi.appointment_trends, { query }),
  })
  const metricOf = (subject: string, name: string) =>
    catalogue.data?.find((metric) => metric.subject === subject && metric.name === name)
  const error = period.error ?? glance.error ?? trend.error ?? catalogue.error
  const appointments = metricOf('appointment_trends', 'appointments')
  const linked = (address: string, name: string, text: string, metric: Metric | undefined, narrowed?: Narrowing) => (
    <RowsLink
      address={address}
      figure={name}
      {...(narrowed && { narrowed })}
      label={words.open_rows(metric ? writing.title(metric) : name, text)}
    >
      {text}
    </RowsLink>
  )
  return (
    <Stack>
      <PageTitle title={words.dashboard} />
      <FiguresNav />
      <PeriodChoice
        key={`${from} ${to}`}
        search={query}
        onChange={(next) => void navigate({ to: addresses.dashboard, search: { from: next.from, to: next.to } })}
      />
      {error && <ReadProblem error={error} />}
      {period.data && (
        <Text size="sm" c="dimmed" role="status">
          {words.period(dates.day(period.data.from), dates.day(period.data.to))} ·{' '}
          {words.as_of(dates.short(period.data.as_of))}
          {period.data.is_over ? '' : ` · ${words.not_over}`}
        </Text>
      )}
      {(period.isPending || catalogue.isPending) && !error && <Waiting />}
      {glance.data && catalogue.data && (
        <>
          <Title order={2} size="h4">
            {words.now}
          </Title>
          <div className={classes.tiles}>
            {glance.data.items.map(({ metric: name, value }) => {
              const metric = metricOf('report_dashboard', name)
              const text = writing.figure(value, metric)
              return (
                <Tile
                  key={name}
                  metric={metric}
                  value={value === 0 ? text : linked(glance.data.rows, name, text, metric)}
                />
              )
            })}
          </div>
        </>
      )}
      {trend.data && appointments && (
        <div>
          <BarChart
            title={writing.title(appointments)}
            bars={trend.data.items.map((item) => ({
              key: item.from,
              label: dates.day(item.from),
              value: item.appointments,
              isPartial: item.is_partial,
            }))}
            text={(value) => writing.figure(value, appointments)}
          />
          <RowLink to={addresses.trends} search={query}>
            {words.see_table}
          </RowLink>
        </div>
      )}
      {period.data && catalogue.data && (
        <>
          <Title order={2} size="h4">
            {words.compared}
          </Title>
          <div className={classes.tiles}>
            {compared.map((name) => {
              const metric = metricOf('admin_analytics', name)
              const { current, previous, change, parts } = period.data[name]
              return (
                <Tile
                  key={name}
                  metric={metric}
                  value={
                    current === 0
                      ? writing.figure(current, metric)
                      : linked(period.data.rows, name, writing.figure(current, metric), metric)
                  }
                  beside={[writing.change(change), words.before(writing.figure(previous, metric))]
                    .filter(Boolean)
                    .join(' · ')}
                >
                  {parts.length > 0 && (
                    <details>
                      <summary>{words.parts}</summary>
                      <ul style={{ margin: 0, paddingInlineStart: '1.1rem' }}>
                        {parts.map(({ part, current: count }) => (
                          <li key={part} className="name">
                            {writing.title({ name: part, title: part })}:{' '}
                            {count === 0
                              ? writing.figure(count, metric)
                              : linked(
                                  period.data.rows,
                                  name,
                                  writing.figure(count, metric),
                                  metric && { ...metric, name: part, title: part },
                                  { part },
                                )}
                          </li>
                        ))}
                      </ul>
                    </details>
                  )}
                </Tile>
              )
            })}
          </div>
        </>
      )}
    </Stack>
  )
}

type TileProps = { metric: Metric | undefined; value: ReactNode; beside?: string; children?: ReactNode }

function Tile({ metric, value, beside, children }: TileProps) {
  return (
    <div className={classes.tile}>
      {metric && <Defined metric={metric} />}
      <div className={classes.value}>{value}</div>
      {beside && (
        <Text size="sm" c="dimmed">
          {beside}
        </Text>
      )}
      {children}
    </div>
  )
}
