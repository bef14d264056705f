// A page of figures: the period, a chart, and the table beside it.
import { Group, NativeSelect, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Metric } from '#contracts/analytics/metric'
import { PageTitle } from '../frame/page-title.tsx'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { BarChart } from './bar-chart.tsx'
import { type Figure, FiguresNav, useCatalogue, useFigureWords, useWriting } from './figures.tsx'
import { type FigureLine, FigureTable } from './figure-table.tsx'
import { PeriodChoice } from './period.tsx'
import type { PeriodSearch } from './routes.ts'
import { RowsLink } from './rows-link.tsx'

type Item = { from: string; to: string; is_partial: boolean } & Readonly<Record<string, unknown>>
type Answer = {
  from: string
  to: string
  is_over: boolean
  as_of: string
  items: readonly Item[]
  total: Readonly<Record<string, unknown>>
  rows: string
}

/** Figures of one line, those of each status among them, under the names that the catalogue has. */
function flat(figures: Readonly<Record<string, unknown>>): Record<string, Figure> {
  return { ...figures, ...(figures['by_status'] as Record<string, number> | undefined) } as Record<string, Figure>
}

/** What tells the lines apart, beside their days. */
const toldBy: Readonly<Record<string, readonly string[]>> = {
  doctor: ['doctor_id'],
  department: ['department_id'],
  type: ['type'],
  ward: ['type', 'ward'],
  resource: ['ward', 'resource_id'],
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
}

export function FigurePage(props: PageProps) {
  const { title, subject, search, groups, by, onSearch, ask, label } = props
  const words = useFigureWords()
  const writing = useWriting()
  const dates = useDates()
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
    // Of a quotient there are the rows of its parts.
    if (metric.denominator !== null || !answer.data) return undefined
    const told = Object.fromEntries((line ? (toldBy[by] ?? []) : []).map((name) => [name, line?.figures[name]]))
    return (
      <RowsLink
        address={answer.data.rows}
        figure={metric.name}
        narrowed={line ? { from: line.from, to: line.to, ...told } : {}}
        label={words.open_rows(`${writing.title(metric)}: ${text}`, line?.label ?? words.total)}
      >
        {text}
      </RowsLink>
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
