// Conditions: what is sealed of them. None begins or ends after the hospital's today.
import type { Context } from '#platform/context.ts'
import { invalidRequest, Problem } from '#platform/contract/problem.ts'
import { localDay } from '#platform/local-day.ts'
import type { Condition, NewCondition } from './condition.contract.ts'
import { chartEntries, type Stamps } from './entry.service.ts'

type Content = Omit<Condition, keyof Stamps>
const entries = chartEntries<Content>({ table: 'conditions', noun: 'condition' })

export const { list: listConditions, get: getCondition, remove: removeCondition } = entries

export function addCondition(ctx: Context, patient_id: string, body: NewCondition): Promise<Condition> {
  return entries.add(ctx, patient_id, contentOf(ctx, body))
}

export function replaceCondition(ctx: Context, patient_id: string, id: string, body: NewCondition): Promise<Condition> {
  return entries.replace(ctx, patient_id, id, contentOf(ctx, body))
}

/** @throws Problem invalidRequest */
function contentOf(ctx: Context, body: NewCondition): Content {
  const { icd10_code = null, onset_date = null, resolved_date = null, ...rest } = body
  const today = localDay(ctx.system.configuration.timezone)
  const errors = Object.entries({ onset_date, resolved_date }).flatMap(([name, date]) =>
    date !== null && date > today
      ? [{ path: `/body/${name}`, code: 'in_future', message: 'Must not be in the future' }]
      : [],
  )
  if (errors.length > 0) throw new Problem(invalidRequest, { errors })
  return { ...rest, icd10_code, onset_date, resolved_date }
}
