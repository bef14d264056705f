import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { startTestApi } from '../../testing.ts'
import {
  AdminAnalytics,
  countedStatuses,
  TrendFigures,
  UsageFigures,
  UtilizationFigures,
} from './analytics.contract.ts'
import { metricApi } from './metric.contract.ts'
import { listMetrics } from './catalogue.ts'
import { metrics, withQuotients } from './metrics.ts'
import { reportMetrics } from './report-metrics.ts'

const subjects: Record<keyof typeof metrics, string[]> = {
  doctor_utilization: figuresIn(UtilizationFigures),
  appointment_trends: figuresIn(TrendFigures),
  resource_usage: figuresIn(UsageFigures),
  admin_analytics: Object.entries(AdminAnalytics.shape).flatMap(([name, schema]) =>
    schema instanceof z.ZodObject ? [name] : [],
  ),
}

/** Groups of counts (by status, by specialization) are named by what they count. */
function figuresIn({ shape }: z.ZodObject): string[] {
  return Object.keys(shape).flatMap((name) =>
    name === 'by_status' ? countedStatuses : name === 'by_specialization' ? [] : [name],
  )
}

describe('the catalogue of metrics', () => {
  for (const [subject, names] of Object.entries(subjects)) {
    it(`defines each figure of ${subject}, and no other`, () => {
      assert.ok(names.length > 0)
      assert.deepEqual(Object.keys(metrics[subject as keyof typeof metrics]).toSorted(), names.toSorted())
    })
  }

  it('says of every quotient by what it is divided, and of nothing else', () => {
    for (const { name, subject, denominator } of listMetrics()) {
      const all: Record<string, Record<string, object>> = {
        ...metrics,
        ...Object.fromEntries(Object.entries(reportMetrics).map(([report, of]) => [`report_${report}`, of])),
      }
      const definition: { quotient?: unknown } = all[subject]?.[name] ?? {}
      assert.equal(denominator !== null, definition.quotient !== undefined, `${subject} ${name}`)
    }
  })

  it('is shown to everyone who is signed in', async () => {
    await using api = await startTestApi()
    const { items } = await (await api.person('nurse')).call(metricApi.list, {})
    assert.deepEqual(items, listMetrics())
    assert.ok(
      items.some(({ name, denominator }) => name === 'utilization' && denominator?.startsWith('available_minutes')),
    )
  })

  it('divides by nothing to null, and does not go on without a part', () => {
    const parts = { available_minutes: 0, assigned_minutes: 0, departures: 0, ended_stay_minutes: 0, passed_minutes: 0 }
    const { occupancy, turnover } = withQuotients(metrics.resource_usage, parts)
    assert.deepEqual([occupancy, turnover], [null, null])
    assert.throws(() => withQuotients(metrics.resource_usage, { available_minutes: 1 }), /is missing/)
  })
})
