// One measure over time, drawn; each value of it stands in the table beside.
import { Table, Text, Title } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useId } from 'react'
import { useDates } from '../words/dates.ts'
import { useNumber, useNurseWords } from '../words/nurse.ts'
import { type Measure, placeOf, type Point, type Series, spanOf } from './measures.ts'
import classes from './chart.module.css'

const height = 180
const left = 40
const right = 12
const top = 10
const bottom = 26

export function Chart({ measure, series }: { measure: Measure; series: readonly Series[] }) {
  const { course: words, form, units } = useNurseWords()
  const dates = useDates()
  const number = useNumber()
  const heading = useId()
  const { ref, width } = useElementSize()
  const name = words.measures[measure.name]
  const unit = units[measure.name]
  const label = unit ? `${name} (${unit})` : name
  const instants = [...new Set(series.flatMap(({ points }) => points.map(({ at }) => at)))].sort()
  const [first = '', last = ''] = [instants[0], instants.at(-1)]
  const rowOf = (at: string) => series.map(({ points }) => points.find((point) => point.at === at))
  const text = (points: readonly (Point | undefined)[]) =>
    points.map((point) => (point ? number(point.value) : '–')).join('/')
  const values = series.flatMap(({ points }) => points.map(({ value }) => value))
  return (
    <section aria-labelledby={heading} className={classes.chart}>
      <div className={classes.drawn}>
        <Title order={2} size="h4" id={heading}>
          {label}
        </Title>
        <Text size="sm" c="dimmed">
          {series
            .flatMap(({ range }) => (range ? [words.usual(number(range[0]), number(range[1]))] : []))
            .join(' · ') || '\u00a0'}
        </Text>
        <div ref={ref}>
          {width > 0 && (
            <svg
              width={width}
              height={height}
              role="img"
              aria-label={words.summary(
                name,
                instants.length,
                text(rowOf(last)),
                number(Math.min(...values)),
                number(Math.max(...values)),
              )}
            >
              <Drawing series={series} width={width} first={first} last={last} />
            </svg>
          )}
        </div>
      </div>
      <div className={classes.values} role="region" aria-label={words.table(name)} tabIndex={0}>
        <Table stickyHeader withRowBorders>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{words.time}</Table.Th>
              <Table.Th scope="col">{words.value}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {instants.toReversed().map((at) => {
              const row = rowOf(at)
              return (
                <Table.Tr key={at}>
                  <Table.Th scope="row" fw={400}>
                    {dates.short(at)}
                  </Table.Th>
                  <Table.Td>
                    <span className={classes.value}>{text(row)}</span>
                    {row.some((point) => point && !point.isUsual) && (
                      <span className={classes.unusual}> {flagsOf(row, series, form.short_flags).join('/')}</span>
                    )}
                  </Table.Td>
                </Table.Tr>
              )
            })}
          </Table.Tbody>
        </Table>
      </div>
    </section>
  )
}

function flagsOf(row: readonly (Point | undefined)[], series: readonly Series[], words: { low: string; high: string }) {
  return row.flatMap((point, at) => {
    const range = series[at]?.range
    if (!point || !range || point.isUsual) return []
    return [point.value < range[0] ? words.low : words.high]
  })
}

type DrawingProps = { series: readonly Series[]; width: number; first: string; last: string }

function Drawing({ series, width, first, last }: DrawingProps) {
  const dates = useDates()
  const [low, high] = spanOf(series)
  const x = (at: string) => left + placeOf(at, first, last) * (width - left - right)
  const y = (value: number) => top + (1 - (value - low) / (high - low)) * (height - top - bottom)
  const marks = [low, Math.round((low + high) / 2), high]
  return (
    <g aria-hidden>
      {series.map(
        ({ range }, at) =>
          range && (
            <rect
              key={at}
              className={classes.range}
              x={left}
              width={width - left - right}
              y={y(range[1])}
              height={y(range[0]) - y(range[1])}
            />
          ),
      )}
      {marks.map((mark) => (
        <g key={mark}>
          <line className={classes.grid} x1={left} x2={width - right} y1={y(mark)} y2={y(mark)} />
          <text className={classes.text} x={left - 6} y={y(mark) + 4} textAnchor="end">
            {mark}
          </text>
        </g>
      ))}
      <text className={classes.text} x={left} y={height - 6}>
        {dates.short(first)}
      </text>
      {last !== first && width > 400 && (
        <text className={classes.text} x={width - right} y={height - 6} textAnchor="end">
          {dates.short(last)}
        </text>
      )}
      {series.map(({ points }, at) => (
        <g key={at}>
          <polyline
            className={classes.line}
            data-second={at > 0 || undefined}
            points={points.map((point) => `${x(point.at)},${y(point.value)}`).join(' ')}
          />
          {points.map((point) =>
            point.isUsual ? (
              <circle key={point.at} className={classes.point} cx={x(point.at)} cy={y(point.value)} r={4} />
            ) : (
              <path
                key={point.at}
                className={classes.diamond}
                d={`M${x(point.at)} ${y(point.value) - 7}l7 7-7 7-7-7z`}
              />
            ),
          )}
        </g>
      ))}
    </g>
  )
}
