// Allergies: what is sealed of them, and the checks that only the hospital's day can make.
import type { Context } from '#platform/context.ts'
import type { Allergy, NewAllergy } from './allergy.contract.ts'
import { chartEntries, type Stamps } from './entry.service.ts'

type Content = Omit<Allergy, keyof Stamps>
const entries = chartEntries<Content>({ table: 'allergies', noun: 'allergy' })

export const { list: listAllergies, get: getAllergy, remove: removeAllergy } = entries

export function addAllergy(ctx: Context, patient_id: string, body: NewAllergy): Promise<Allergy> {
  return entries.add(ctx, patient_id, contentOf(body))
}

export function replaceAllergy(ctx: Context, patient_id: string, id: string, body: NewAllergy): Promise<Allergy> {
  return entries.replace(ctx, patient_id, id, contentOf(body))
}

const contentOf = ({ code = null, code_system = null, reaction = null, ...rest }: NewAllergy): Content => ({
  ...rest,
  code,
  code_system,
  reaction,
})
