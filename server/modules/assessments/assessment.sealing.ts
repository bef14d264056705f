// What an assessment says, sealed under the patient's key.
import { keyUnavailable, Problem } from '#platform/contract/problem.ts'
import { openDataKey } from '#platform/encryption/data-key.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { type DataKey, openJson, sealJson } from '#platform/encryption/sealing.ts'
import type { Derived, NursingForm } from './nursing.contract.ts'
import type { Contradiction, RadiologyForm } from './radiology.contract.ts'

/** The patient's key as stored; without `wrapped` the person was erased. */
export type StoredKey = { key_id: string; kek_id: string | null; wrapped: Buffer | null }
export type Form = NursingForm | RadiologyForm
/** What is signed: the form, and what followed from it at that moment. */
export type Content =
  | { kind: 'nursing'; form: NursingForm; derived: Derived }
  | { kind: 'radiology'; form: RadiologyForm; contradictions: Contradiction[] }

const draft = (row_id: string) => ({ table: 'assessments', column: 'sealed_draft', row_id })
const ofVersion = (column: 'sealed_content' | 'sealed_withheld' | 'sealed_reason', row_id: string) => ({
  table: 'assessment_versions',
  column,
  row_id,
})

/** @throws Problem keyUnavailable */
export function openKey(keyring: Keyring, { key_id, kek_id, wrapped }: StoredKey): DataKey {
  if (kek_id === null || wrapped === null) throw new Problem(keyUnavailable)
  return openDataKey(keyring, { id: key_id, kek_id, wrapped })
}

export const sealDraft = (key: DataKey, id: string, form: Form): Buffer => sealJson(key, draft(id), form)
export const openDraft = <F extends Form>(key: DataKey, id: string, sealed: Buffer): F =>
  openJson<F>(key, draft(id), sealed)

export type SealedVersion = { sealed_content: Buffer; sealed_withheld: Buffer | null; sealed_reason: Buffer | null }

/** What only treating staff see is sealed apart, so that nobody else's reading opens it. */
export function sealVersion(key: DataKey, id: string, content: Content, reason: string | null): SealedVersion {
  const withheld = content.kind === 'nursing' ? (content.form.signs_of_abuse ?? null) : null
  const shown = content.kind === 'nursing' ? { ...content, form: { ...content.form, signs_of_abuse: null } } : content
  return {
    sealed_content: sealJson(key, ofVersion('sealed_content', id), shown),
    sealed_withheld:
      withheld === null ? null : sealJson(key, ofVersion('sealed_withheld', id), { signs_of_abuse: withheld }),
    sealed_reason: reason === null ? null : sealJson(key, ofVersion('sealed_reason', id), { reason }),
  }
}

export function openVersion(key: DataKey, id: string, sealed: SealedVersion, is_treating: boolean): Content {
  const content = openJson<Content>(key, ofVersion('sealed_content', id), sealed.sealed_content)
  if (content.kind !== 'nursing' || !is_treating || !sealed.sealed_withheld) return content
  const withheld = openJson<Pick<NursingForm, 'signs_of_abuse'>>(
    key,
    ofVersion('sealed_withheld', id),
    sealed.sealed_withheld,
  )
  return { ...content, form: { ...content.form, ...withheld } }
}

export function openReason(key: DataKey, id: string, sealed: Buffer | null): string | null {
  return sealed ? openJson<{ reason: string }>(key, ofVersion('sealed_reason', id), sealed).reason : null
}

const ofAlert = (row_id: string) => ({ table: 'assessment_alerts', column: 'sealed_action', row_id })

export const sealAction = (key: DataKey, id: string, action_taken: string): Buffer =>
  sealJson(key, ofAlert(id), { action_taken })
export const openAction = (key: DataKey, id: string, sealed: Buffer): string =>
  openJson<{ action_taken: string }>(key, ofAlert(id), sealed).action_taken
