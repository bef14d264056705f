// Figures as a table: a line for each group, the definition behind each title, and from a count to its rows.
import { Table } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Metric } from '#contracts/analytics/metric'
import { Defined } from './definition.tsx'
import { type Figure, useFigureWords, useWriting } from './figures.tsx'
import classes from './figures.module.css'

export type FigureLine = {
  key: string
  label: string
  from: string
  to: string
  figures: Readonly<Record<string, Figure>>
}

type Props = {
  title: string
  first: string
  metrics: readonly Metric[]
  lines: readonly FigureLine[]
  total: Readonly<Record<string, Figure>>
  /** From a figure to its rows, where there are any. */
  rows?: (metric: Metric, line: FigureLine | undefined, text: string) => ReactNode
}

export function FigureTable({ title, first, metrics, lines, total, rows }: Props) {
  const words = useFigureWords()
  const writing = useWriting()
  const cell = (metric: Metric, line: FigureLine | undefined) => {
    const value = (line?.figures ?? total)[metric.name]
    const text = writing.figure(value, metric)
    return (value ? rows?.(metric, line, text) : undefined) ?? text
  }
  return (
    <div className={classes.scroll} role="region" aria-label={words.table(title)} tabIndex={0}>
      <Table striped>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{first}</Table.Th>
            {metrics.map((metric) => (
              <Table.Th key={metric.name}>
                <Defined metric={metric} />
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {lines.map((line) => (
            <Table.Tr key={line.key}>
              <Table.Th scope="row" fw={400} className="name">
                {line.label}
              </Table.Th>
              {metrics.map((metric) => (
                <Table.Td key={metric.name}>{cell(metric, line)}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
        <Table.Tfoot>
          <Table.Tr>
            <Table.Th scope="row">{words.total}</Table.Th>
            {metrics.map((metric) => (
              <Table.Td key={metric.name} fw={600}>
                {cell(metric, undefined)}
              </Table.Td>
            ))}
          </Table.Tr>
        </Table.Tfoot>
      </Table>
    </div>
  )
}
