// A page of figures: the period, a chart, and the table beside it.
import { Group, NativeSelect, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { may, useUser } from '../connection/use-session.ts'
import { countedStatuses } from '#contracts/analytics/analytics'
import type { Metric } from '#contracts/analytics/metric'
import { RowLink } from '../frame/link-button.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { BarChart } from './bar-chart.tsx'
import { type Figure, FiguresNav, useCatalogue, useFigureWords, useWriting } from './figures.tsx'
import { type FigureLine, FigureTable } from './figure-table.tsx'
import { PeriodChoice } from './period.tsx'
import type { PeriodSearch } from './routes.ts'

type Item = { from: string; to: string; is_partial: boolean } & Readonly<Record<string, unknown>>
type Answer = {
  from: string
  to: string
  is_over: boolean
  as_of: string
  items: readonly Item[]
  total: Readonly<Record<string, unknown>>
}

/** Figures of one line, those of each status among them, under the names that the catalogue has. */
function flat(figures: Readonly<Record<string, unknown>>): Record<string, Figure> {
  return { ...figures, ...(figures['by_status'] as Record<string, number> | undefined) } as Record<string, Figure>
}

type PageProps = {
  title: string
  subject: string
  /** The figure that the chart begins with. */
  first: string
  search: PeriodSearch
  groups: readonly (keyof ReturnType<typeof useFigureWords>['groups'])[]
  by: keyof ReturnType<typeof useFigureWords>['groups']
  onSearch: (search: PeriodSearch) => void
  ask: () => Promise<Answer>
  label?: (item: Item) => string | undefined
  hasAppointments: boolean
}

export function FigurePage(props: PageProps) {
  const { title, subject, search, groups, by, onSearch, ask, label, hasAppointments } = props
  const words = useFigureWords()
  const writing = useWriting()
  const dates = useDates()
  const user = useUser()
  const catalogue = useCatalogue()
  const [charted, setCharted] = useState(props.first)
  const answer = useQuery({ queryKey: ['figures', subject, search], queryFn: ask })
  const metrics = (catalogue.data ?? []).filter((metric) => metric.subject === subject)
  const chosen = metrics.find(({ name }) => name === charted)
  const lines = (answer.data?.items ?? []).map((item, at) => ({
    key: `${item.from} ${at}`,
    label:
      label?.(item) ?? (by === 'day' ? dates.day(item.from) : words.period(dates.day(item.from), dates.day(item.to))),
    from: item.from,
    to: item.to,
    isPartial: item.is_partial,
    figures: flat(item),
  }))
  const rows = (metric: Metric, line: FigureLine | undefined, text: string) => {
    const status = countedStatuses.find((one) => one === metric.name)
    if (!hasAppointments || (metric.name !== 'appointments' && !status) || !may(user, 'appointments:read'))
      return undefined
    const { from, to } = { ...answer.data, ...(line && { from: line.from, to: line.to }) }
    const { doctor_id, department_id } = line?.figures ?? {}
    // Of a department the rows cannot be asked for.
    if (typeof department_id === 'string' && typeof doctor_id !== 'string') return undefined
    return (
      <RowLink
        fw={400}
        to={addresses.figure_rows}
        search={{ from, to, status, doctor_id: typeof doctor_id === 'string' ? doctor_id : undefined }}
        aria-label={words.open_rows(`${writing.title(metric)}: ${text}`, line?.label ?? words.total)}
      >
        {text}
      </RowLink>
    )
  }
  return (
    <Stack>
      <PageTitle title={title} />
      <FiguresNav />
      <PeriodChoice key={JSON.stringify(search)} search={search} groups={groups} onChange={onSearch} />
      {(answer.error ?? catalogue.error) && <ReadProblem error={answer.error ?? catalogue.error} />}
      {(answer.isPending || catalogue.isPending) && !answer.error && <Waiting />}
      {answer.data && catalogue.data && (
        <>
          <Text size="sm" c="dimmed" role="status">
            {words.period(dates.day(answer.data.from), dates.day(answer.data.to))} ·{' '}
            {words.as_of(dates.short(answer.data.as_of))}
            {answer.data.is_over ? '' : ` · ${words.not_over}`}
          </Text>
          {lines.length === 0 ? (
            <Text>{words.none}</Text>
          ) : (
            <>
              <Group>
                <NativeSelect
                  label={words.chart}
                  value={charted}
                  onChange={(event) => setCharted(event.currentTarget.value)}
                  data={metrics.map((metric) => ({ value: metric.name, label: writing.title(metric) }))}
                />
              </Group>
              {chosen && (
                <BarChart
                  title={writing.title(chosen)}
                  bars={lines.map(({ key, label: text, figures, isPartial }) => {
                    const value = figures[chosen.name]
                    return { key, label: text, value: typeof value === 'number' ? value : null, isPartial }
                  })}
                  text={(value) => writing.figure(value, chosen)}
                />
              )}
              <FigureTable
                title={title}
                first={words.groups[by]}
                metrics={metrics}
                lines={lines}
                total={flat(answer.data.total)}
                rows={rows}
              />
            </>
          )}
        </>
      )}
    </Stack>
  )
}
