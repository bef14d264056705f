// Bars, drawn by hand: for the eye only, since the table beside it says the same and more.
import { Text } from '@mantine/core'
import { useFigureWords } from './figures.tsx'
import classes from './figures.module.css'

export type Bar = { key: string; label: string; value: number | null; isPartial?: boolean }

const width = 600
const height = 160
/** Two bars are no wider than thirty would be. */
const widestBar = 64
/** So that a date below one bar stands in one line. */
const leastWidth = 128

export function BarChart({
  title,
  bars,
  text,
}: {
  title: string
  bars: readonly Bar[]
  text: (value: number) => string
}) {
  const words = useFigureWords()
  const most = Math.max(...bars.map(({ value }) => value ?? 0), 0)
  if (bars.length === 0 || most === 0) return null
  const step = width / bars.length
  const gap = Math.min(step * 0.25, 6)
  return (
    <figure style={{ margin: 0 }}>
      <Text component="figcaption" size="sm" fw={600}>
        {words.up_to(title, text(most))}
      </Text>
      <div style={{ maxWidth: Math.max(bars.length * widestBar, leastWidth) }}>
        <svg
          className={classes.chart}
          viewBox={`0 0 ${width} ${height}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={words.chart_of(title)}
        >
          {[0, height / 2, height].map((y) => (
            <line key={y} x1={0} x2={width} y1={y} y2={y} className={classes.line} vectorEffect="non-scaling-stroke" />
          ))}
          {bars.map(({ key, label, value, isPartial }, at) => {
            const tall = ((value ?? 0) / most) * height
            return (
              <rect
                key={key}
                x={at * step + gap / 2}
                y={height - tall}
                width={Math.max(step - gap, 1)}
                height={tall}
                className={isPartial ? classes.partial : classes.bar}
              >
                <title>{`${label}: ${value === null ? words.nothing : text(value)}`}</title>
              </rect>
            )
          })}
        </svg>
        <div className={classes.ends} aria-hidden>
          <span className="name">{bars[0]?.label}</span>
          {bars.length > 1 && <span className="name">{bars.at(-1)?.label}</span>}
        </div>
      </div>
    </figure>
  )
}
