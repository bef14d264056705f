// What is sealed of a prescription: notes and medicines, what the rules found, why it was cancelled.
import { type Context, holds } from '#platform/context.ts'
import { keyUnavailable, Problem } from '#platform/contract/problem.ts'
import { openDataKey } from '#platform/encryption/data-key.ts'
import { unlessUnreadable } from '#platform/encryption/failures.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { type DataKey, open, openJson, seal, sealJson } from '#platform/encryption/sealing.ts'
import type { Check } from './check.contract.ts'
import type { Medicine, Prescription, PrescriptionChange } from './prescription.contract.ts'
import type { StoredKey, StoredPrescription } from './prescription.store.ts'

export type Content = { notes: string | null; medicines: Medicine[] }

const place = (column: string) => (row_id: string) => ({ table: 'prescriptions', column, row_id })
const content = place('sealed_content')
const check = place('sealed_check')
const reason = place('sealed_cancel_reason')

export function contentOf({ notes = null, medicines }: PrescriptionChange): Content {
  return {
    notes,
    medicines: medicines.map(({ code = null, form = null, instructions = null, ...rest }) => ({
      ...rest,
      code,
      form,
      instructions,
    })),
  }
}

/** @throws Problem keyUnavailable, IntegrityError */
export function openKey(keyring: Keyring, { key_id, kek_id, wrapped }: StoredKey): DataKey {
  if (kek_id === null || wrapped === null) throw new Problem(keyUnavailable)
  return openDataKey(keyring, { id: key_id, kek_id, wrapped })
}

export const sealContent = (key: DataKey, id: string, draft: Content) => sealJson(key, content(id), draft)
/** The text that was signed, to the letter. */
export const sealSigned = (key: DataKey, id: string, text: string) => seal(key, content(id), text)
export const openSigned = (key: DataKey, id: string, sealed: Buffer) => open(key, content(id), sealed)
export const sealCheck = (key: DataKey, id: string, found: Check) => sealJson(key, check(id), found)
export const sealReason = (key: DataKey, id: string, text: string) => sealJson(key, reason(id), { text })

export function openContent(
  key: DataKey,
  { id, sealed_content }: Pick<StoredPrescription, 'id' | 'sealed_content'>,
): Content {
  const { notes, medicines } = openJson<Content>(key, content(id), sealed_content)
  return { notes, medicines }
}

/** Of one of many: undefined for one that was altered or whose person was erased, which must not fail the others. */
export function openMedicines(
  keyring: Keyring,
  row: StoredKey & Pick<StoredPrescription, 'id' | 'sealed_content'>,
): Medicine[] | undefined {
  if (row.wrapped === null) return undefined
  return unlessUnreadable(
    () => openContent(openKey(keyring, row), row).medicines,
    () => undefined,
  )
}

/** @throws Problem keyUnavailable, IntegrityError */
export function shownPrescription(ctx: Pick<Context, 'system' | 'actor'>, stored: StoredPrescription): Prescription {
  const { sealed_content, sealed_check, sealed_cancel_reason, key_id, kek_id, wrapped, signature, ...row } = stored
  const key = openKey(ctx.system.keys.keyring, { key_id, kek_id, wrapped })
  return {
    ...row,
    ...openContent(key, { id: row.id, sealed_content }),
    check: sealed_check && shownCheck(ctx, openJson<StoredCheck>(key, check(row.id), sealed_check)),
    signature: signature && signature.toString('base64url'),
    cancel_reason: sealed_cancel_reason && openJson<{ text: string }>(key, reason(row.id), sealed_cancel_reason).text,
  }
}

/** What was signed before checks told the weight has none. */
type StoredCheck = Omit<Check, 'weight'> & Partial<Pick<Check, 'weight'>>

/** What an assessment says is for those who may read assessments. */
function shownCheck({ actor }: Pick<Context, 'actor'>, { weight = null, ...found }: StoredCheck): Check {
  const isShown = weight?.source !== 'assessment' || holds(actor, 'assessments:read')
  return { ...found, weight: isShown ? weight : null }
}
