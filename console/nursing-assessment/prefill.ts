// What a form begins with: what is known and still true, and where each value comes from.
import { useQuery } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { nursingPrefillApi, type Prefill } from '#contracts/prefill/prefill'
import { type FieldName, fields, type Values, written } from './fields.ts'

export type Source = Prefill['items'][number]['source']
export type Prefilled = ReadonlyMap<FieldName, { text: string; source: Source }>
export type Known = { value: Record<string, unknown>; source: Source }

export function usePrefill(visit_id: string) {
  return useQuery({
    queryKey: ['assessments', visit_id, 'prefill'],
    queryFn: () => call(nursingPrefillApi.prefill, { params: { visit_id } }).then(({ items }) => items),
    staleTime: 60_000,
  })
}

/** Values that begin in fields of the form, until somebody confirms or changes them. */
export function prefilledOf(items: Prefill['items']): Prefilled {
  return new Map(
    items.flatMap(({ field, value, source }) => {
      const found = fields.find(({ name }) => name === field)
      return found && value !== null && value !== undefined ? [[found.name, { text: written(value), source }]] : []
    }),
  )
}

/** The vital signs that were taken last: shown beside the fields, since they are measured anew. */
export function lastOf(items: Prefill['items']): { values: Values; source: Source } | undefined {
  const last = items.find(({ field }) => field === 'last_vital_signs')
  if (!last) return undefined
  const signs = last.value as Record<string, unknown>
  const values: Values = Object.fromEntries(
    fields.flatMap(({ name }) => {
      const value = name.startsWith('vital_signs.') ? signs[name.slice('vital_signs.'.length)] : undefined
      return value === null || value === undefined ? [] : [[name, written(value)]]
    }),
  )
  return { values, source: last.source }
}

export const knownFields = ['allergies', 'conditions', 'current_medicines', 'insurance', 'emergency_contact'] as const

export function knownOf(items: Prefill['items'], of: (typeof knownFields)[number]): Known[] {
  return items
    .filter(({ field }) => field === of)
    .map(({ value, source }) => ({ value: value as Record<string, unknown>, source }))
}

/** Of what is known, what a person reads. */
export function readable({ value }: Known): string {
  const parts = [
    'substance',
    'text',
    'name',
    'provider_name',
    'dosage',
    'route',
    'frequency',
    'relationship',
    'phone',
    'reaction',
  ]
  return parts.flatMap((part) => (typeof value[part] === 'string' ? [value[part]] : [])).join(', ')
}
