// From a figure to the rows that it is the sum of: the address that its answer names, narrowed by what tells its line apart.
import type { ReactNode } from 'react'
import { addresses } from '../addresses.ts'
import { RowLink } from '../frame/link-button.tsx'
import { rowFilters, type RowsSearch } from './routes.ts'

export type Narrowing = Readonly<Record<string, unknown>>

/** As the page of rows is asked: what is null is in none, which is written as nothing. */
export function rowsSearch(address: string, figure: string, narrowed: Narrowing = {}): RowsSearch {
  const asked = new URL(address, 'http://openward.invalid').searchParams
  const report = asked.get('report')
  const search: Record<string, string> = {
    subject: report === null ? (asked.get('subject') ?? '') : `report_${report}`,
    figure,
  }
  for (const name of ['from', 'to', ...rowFilters]) {
    const value = name in narrowed ? (narrowed[name] ?? '') : asked.get(name)
    if (typeof value === 'string') search[name] = value
  }
  return search
}

type Props = { address: string; figure: string; narrowed?: Narrowing; label: string; children: ReactNode }

export function RowsLink({ address, figure, narrowed, label, children }: Props) {
  return (
    <RowLink fw="inherit" to={addresses.figure_rows} search={rowsSearch(address, figure, narrowed)} aria-label={label}>
      {children}
    </RowLink>
  )
}
