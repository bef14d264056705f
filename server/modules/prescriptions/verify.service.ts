// Whether a prescription is valid, for whoever was given its code. A code that was never given costs the same work and gets the same
// answer as one that has ended, so that nobody learns by trying.
import { randomUUIDv7 } from 'node:crypto'
import type { Context } from '#platform/context.ts'
import { newDataKey } from '#platform/encryption/data-key.ts'
import { IntegrityError, KeyUnavailable } from '#platform/encryption/failures.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { Problem } from '#platform/contract/problem.ts'
import type { Verification } from './prescription.contract.ts'
import { openKey, openSigned, sealSigned } from './prescription.sealing.ts'
import { findToVerify, type ToVerify } from './prescription.store.ts'
import {
  canonical,
  isSignatureOf,
  newSigningKey,
  newVerificationCode,
  signContent,
  type SignedContent,
} from './signing.ts'

/** A prescription of nobody, to work on where there is none. */
export type Decoy = ToVerify

export function makeDecoy(keyring: Keyring): Decoy {
  const signing = newSigningKey(keyring)
  const { id: key_id, key, kek_id, wrapped } = newDataKey(keyring)
  const id = randomUUIDv7()
  const content: SignedContent = {
    format: 'openward-prescription-1',
    prescription_id: id,
    prescription_number: 'RX-20260101-0001',
    patient_id: id,
    doctor_id: id,
    signed_at: '2026-01-01T00:00:00Z',
    verification_code: newVerificationCode(),
    notes: null,
    medicines: [
      {
        name: 'Amoxicillin',
        code: 'J01CA04',
        dosage: '500 mg',
        form: 'capsule',
        route: 'oral',
        frequency: 'every 8 hours',
        duration_days: 7,
        quantity: 21,
        refills: 0,
        instructions: null,
      },
    ],
  }
  return {
    id,
    patient_id: id,
    prescription_number: content.prescription_number,
    doctor_id: id,
    status: 'cancelled',
    is_over: true,
    is_replaced: false,
    sealed_content: sealSigned({ id: key_id, key }, id, canonical(content)),
    key_id,
    kek_id,
    wrapped,
    signature: signContent(keyring, signing, content),
    public_key: signing.public_key,
  }
}

export async function verifyCode(ctx: Context, decoy: Decoy, code: string): Promise<Verification> {
  const found = await ctx.database.once((tx) => tx.first(findToVerify(code)))
  const row = found ?? decoy
  const isGenuine = isAuthentic(ctx.system.keys.keyring, row) && found !== undefined
  return { validity: validityOf(row, isGenuine) }
}

function validityOf({ status, is_over, is_replaced }: ToVerify, isGenuine: boolean): Verification['validity'] {
  if (!isGenuine) return 'void'
  if (status === 'signed' && !is_over) return 'valid'
  return is_replaced ? 'superseded' : 'void'
}

/** Whether what is stored is what was signed: the text, and that it belongs to this row. */
export function isAuthentic(keyring: Keyring, row: ToVerify): boolean {
  try {
    const text = openSigned(openKey(keyring, row), row.id, row.sealed_content)
    if (!isSignatureOf(row.public_key, text, row.signature)) return false
    const { prescription_id, prescription_number, doctor_id } = JSON.parse(text) as SignedContent
    return prescription_id === row.id && prescription_number === row.prescription_number && doctor_id === row.doctor_id
  } catch (error) {
    // An erased person's key is gone, and an altered text opens with none.
    if (error instanceof IntegrityError || error instanceof KeyUnavailable || error instanceof Problem) return false
    throw error
  }
}
