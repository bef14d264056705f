// The course of vital signs, for charts.
import { certain } from '#platform/certain.ts'
import type { Context } from '#platform/context.ts'
import { decodeTimeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { readOfPatient } from '#modules/patients'
import type { VitalSignsAt } from './assessment.contract.ts'
import { openKey, openVersion } from './assessment.sealing.ts'
import { countSeries, listSeries, type SeriesRow } from './assessment.store.ts'

type Asked = {
  skip: number
  limit: number
  cursor?: string | undefined
  from?: string | undefined
  to?: string | undefined
}

/** @throws Problem notFound, patientErased, patientMerged */
export async function readVitalSigns(ctx: Context, patient_id: string, { skip, limit, cursor, from, to }: Asked) {
  const filter = { from, to }
  const [rows, counted] = await readOfPatient(ctx, patient_id, (tx) =>
    Promise.all([
      tx.rows(listSeries(patient_id, filter, { skip, limit, after: decodeTimeCursor(cursor) })),
      tx.first(countSeries(patient_id, filter)),
    ]),
  )
  ctx.saw({ patient_id, details: { count: rows.length } })
  const last = rows.at(-1)
  return {
    items: rows.map((row) => shownAt(ctx, row)),
    total: certain(counted, 'count').total,
    page: Math.floor(skip / limit) + 1,
    limit,
    next_cursor: last && rows.length === limit ? encodeCursor(`${last.taken_at} ${last.assessment_id}`) : null,
  }
}

function shownAt(ctx: Context, row: SeriesRow): VitalSignsAt {
  const content = openVersion(openKey(ctx.system.keys.keyring, row), row.id, row, false)
  const { assessment_id, visit_id, taken_at } = row
  if (content.kind !== 'nursing') throw new Error('the series of vital signs holds something else')
  const { form, derived } = content
  const { bmi, mean_arterial_pressure } = derived
  const news2_score = derived.news2?.score ?? null
  return { assessment_id, visit_id, taken_at, ...form.vital_signs, bmi, mean_arterial_pressure, news2_score }
}
