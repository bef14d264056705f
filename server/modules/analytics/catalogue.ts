// The whole catalogue, as it is shown.
import type { Metric } from './metric.contract.ts'
import { type Definition, metrics } from './metrics.ts'
import { reportMetrics } from './report-metrics.ts'

export function listMetrics(): Metric[] {
  const subjects = [...Object.entries(metrics), ...Object.entries(reportMetrics).map(ofReport)]
  return subjects.flatMap(([subject, definitions]) =>
    Object.entries<Definition>(definitions).map(([name, definition]) => {
      const { title, unit, numerator, denominator, exclusions, time } = definition
      return { name, subject, title, unit, numerator, denominator, exclusions, time }
    }),
  )
}

function ofReport<D>([name, definitions]: [string, D]): [string, D] {
  return [`report_${name}`, definitions]
}
