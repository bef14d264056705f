// What the pages of figures share: words, the way between them, the catalogue, and how a figure is written.
import { useQuery } from '@tanstack/react-query'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { may, useUser } from '../connection/use-session.ts'
import { type Metric, metricApi } from '#contracts/analytics/metric'
import { SectionNav } from '../frame/section.tsx'
import { en } from '../words/figures.en.ts'
import { es } from '../words/figures.es.ts'
import { numberFormat } from '../words/numbers.ts'
import { useSpoken, useWords, useWordsOf } from '../words/words.tsx'

export function useFigureWords() {
  return useWordsOf({ en, es })
}

export function FiguresNav() {
  const words = useFigureWords()
  const user = useUser()
  const isShown = may(user, 'analytics:read')
  const seesAll = user.permissions.includes('analytics:read')
  return (
    <SectionNav
      label={words.section}
      links={[
        { to: addresses.dashboard, label: words.dashboard, isShown: seesAll },
        { to: addresses.trends, label: words.trends, isShown },
        { to: addresses.utilization, label: words.utilization, isShown },
        { to: addresses.usage, label: words.usage, isShown: seesAll },
        { to: addresses.reports, label: words.reports, isShown: may(user, 'reports:read') },
      ]}
    />
  )
}

const dayMs = 86_400_000

/** The definition of every figure, by where it is found and its name. */
export function useCatalogue() {
  return useQuery({
    queryKey: ['metrics-catalogue'],
    queryFn: () => call(metricApi.list, {}).then(({ items }) => items),
    staleTime: dayMs,
    gcTime: dayMs,
  })
}

export type Figure = number | string | boolean | null | undefined

/** How a figure is called and written. */
export function useWriting() {
  const words = useFigureWords()
  const { calendar } = useWords()
  const { locale } = useSpoken()
  const number = (value: number, digits = 0) => numberFormat(locale, { maximumFractionDigits: digits }).format(value)
  const percent = numberFormat(locale, { style: 'percent', maximumFractionDigits: 1 })
  const change = numberFormat(locale, {
    style: 'percent',
    maximumFractionDigits: 0,
    signDisplay: 'exceptZero',
  })
  const statuses: Readonly<Record<string, string>> = calendar.statuses
  return {
    title: ({ name, title }: Pick<Metric, 'name' | 'title'>) => words.titles[name] ?? statuses[name] ?? title,
    figure(value: Figure, metric: Pick<Metric, 'name' | 'unit'> | undefined): string {
      if (value === null || value === undefined) return words.nothing
      if (typeof value !== 'number') return String(value)
      const unit = metric?.unit ?? 'count'
      if (unit === 'minutes') return words.hours(number(value / 60, 1))
      if (unit === 'hours') return words.hours(number(value, 1))
      // How often a place changed hands is a quotient, but no share.
      if (unit === 'ratio' && metric?.name !== 'turnover') return percent.format(value)
      return number(value, unit === 'ratio' ? 2 : 1)
    },
    change: (value: number | null) => (value === null ? '' : change.format(value)),
  }
}
