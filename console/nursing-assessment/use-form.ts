// The state of a form: what is typed, what comes from earlier records and waits to be confirmed, and what follows from both.
import { useMemo } from 'react'
import { derive } from '#contracts/assessments/derived'
import type { NursingForm } from '#contracts/assessments/nursing'
import { useDraft } from '../connection/drafts.ts'
import { type FieldName, fields, judge, type Values } from './fields.ts'
import type { Prefilled } from './prefill.ts'

export type Begun = {
  values: Values
  /** `2026-12-01T14:05`, on the clock of this device; empty is now. */
  taken_at: string
  /** Of the draft at the server, or of what is amended. */
  assessment_id: string | null
  version: number | null
  reason: string
}
export const nothingBegun: Begun = { values: {}, taken_at: '', assessment_id: null, version: null, reason: '' }

export type NursingState = ReturnType<typeof useNursingForm>

/** @param name under which what is typed is found again after a log-off */
export function useNursingForm(name: string, begun: Begun, prefilled: Prefilled, age_years: number | null) {
  const { value: state, change, forget } = useDraft<Begun>(name, begun)
  const { values, taken_at } = state
  const unconfirmed = useMemo(
    () => [...prefilled].filter(([field]) => values[field] === undefined),
    [prefilled, values],
  )
  const shown: Values = useMemo(
    () => ({ ...Object.fromEntries(unconfirmed.map(([field, { text }]) => [field, text])), ...values }),
    [unconfirmed, values],
  )
  const { form, faults } = useMemo(() => judge(values), [values])
  // What waits to be confirmed counts in what is shown: it would count if it were.
  const derived = useMemo(() => derive(judge(shown).form, age_years), [shown, age_years])
  const sent = useMemo(() => sentOf(form, taken_at), [form, taken_at])
  return {
    state,
    change,
    forget,
    shown,
    faults,
    derived,
    sent,
    unconfirmed: unconfirmed.map(([field]) => field),
    type: (field: FieldName, text: string) => change({ values: { ...values, [field]: text } }),
    confirm: (names: readonly FieldName[]) =>
      change({
        values: { ...values, ...Object.fromEntries(names.map((field) => [field, prefilled.get(field)?.text ?? ''])) },
      }),
  }
}

/** The form as it goes to the server. */
export function sentOf(form: NursingForm, taken_at: string): NursingForm {
  const instant = taken_at === '' ? NaN : Date.parse(taken_at)
  return Number.isNaN(instant) ? form : { ...form, taken_at: new Date(instant).toISOString() }
}

/** Where to go on: the first field, as they stand on the page, that is wrong. */
export function firstOf(names: readonly FieldName[]): FieldName | undefined {
  return fields.find(({ name }) => names.includes(name))?.name
}

/** The instant on the clock of this device, as its field has it. */
export function localText(instant: string | null | undefined): string {
  if (!instant) return ''
  const at = new Date(instant)
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 16)
}
