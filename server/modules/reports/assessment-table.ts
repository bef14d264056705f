// What final assessments found, counted: each is opened, and nothing of it is kept but a count.
import type { z } from 'zod'
import { findMoment } from '#modules/analytics'
import { openSigned } from '#modules/assessments'
import { openEach } from './opening.ts'
import { AssessmentRow } from './report.contract.ts'
import { countAlerts, countSigned, listSigned } from './report.store.ts'
import type { Making } from './tables.ts'

type Counted = z.output<typeof AssessmentRow>
type Finding = Pick<Counted, 'topic' | 'part'> & { is_flagged: boolean }

export async function countAssessments({
  counting,
  keyring,
  period,
  filters,
  progress,
  most_opened,
}: Omit<Making, 'group_by'>): Promise<{ as_of: string; items: Counted[] }> {
  const [{ as_of }, { total }, alerts] = await counting.once((tx) =>
    Promise.all([tx.one(findMoment()), tx.one(countSigned(period, filters)), tx.rows(countAlerts(period, filters))]),
  )
  const counts = new Map<string, Counted>()
  await openEach({
    total,
    most_opened,
    progress,
    list: (after, limit) => counting.once((tx) => tx.rows(listSigned(period, filters, after, limit))),
    idOf: ({ assessment_id }) => assessment_id,
    open(row) {
      const content = openSigned(keyring, row)
      for (const { topic, part, is_flagged } of content ? findingsOf(content) : []) {
        const key = `${topic} ${part}`
        const known = counts.get(key) ?? { topic, part, assessments: 0, flagged: 0 }
        counts.set(key, { ...known, assessments: known.assessments + 1, flagged: known.flagged + (is_flagged ? 1 : 0) })
      }
    },
  })
  const topics = AssessmentRow.shape.topic.options
  const items = [...counts.values(), ...alerts.map((alert) => ({ topic: 'alert' as const, ...alert }))]
  return {
    as_of,
    items: items.toSorted(
      (one, other) => topics.indexOf(one.topic) - topics.indexOf(other.topic) || (one.part < other.part ? -1 : 1),
    ),
  }
}

export function findingsOf(content: NonNullable<ReturnType<typeof openSigned>>): Finding[] {
  if (content.kind === 'radiology') {
    return [{ topic: 'radiology', part: content.form.modality ?? 'unknown', is_flagged: content.form.is_critical }]
  }
  const { vital_signs = {} } = content.form
  const { flags, fall_risk, news2 } = content.derived
  const flagged = new Set(flags.filter(({ flag }) => flag !== 'not_assessed').map(({ field }) => field))
  const measured = Object.entries(vital_signs).filter(([, value]) => value !== null && value !== undefined)
  return [
    ...measured.map(([part]) => ({ topic: 'vital_sign' as const, part, is_flagged: flagged.has(part) })),
    ...(fall_risk
      ? [{ topic: 'fall_risk' as const, part: fall_risk.level, is_flagged: fall_risk.level === 'high' }]
      : []),
    ...(news2?.band ? [{ topic: 'early_warning' as const, part: news2.band, is_flagged: news2.band === 'high' }] : []),
  ]
}
