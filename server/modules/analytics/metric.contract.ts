// Every figure, defined once: what the API answers, what reports and exports hold, and what the console shows beside it.
import { z } from 'zod'
import type { Api } from '#platform/contract/operation.ts'

export const Metric = z.object({
  name: z.string().describe('As the member of an answer and the column of an export is called'),
  subject: z.string().describe('Where it is found: the operations and reports that show it'),
  title: z.string(),
  unit: z.enum(['count', 'minutes', 'hours', 'ratio']),
  numerator: z.string(),
  denominator: z.string().nullable().describe('Null where it is no quotient'),
  exclusions: z.string(),
  time: z.string().describe('What decides whether something lies in the period'),
})
export type Metric = z.output<typeof Metric>

export const MetricsCatalogue = z.object({ items: z.array(Metric) })

export const metricApi = {
  list: {
    method: 'GET',
    path: '/api/v1/metrics-catalogue',
    summary: 'The definition of every figure',
    description:
      'Numerator, denominator and exclusions of each. A figure has the same name and the same definition wherever it is shown: in the analytics, the reports, the exports and the console.',
    access: 'signed_in',
    audit: 'none',
    returns: [200, MetricsCatalogue],
    problems: [],
  },
} as const satisfies Api
