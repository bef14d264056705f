// What stands for people and for what is theirs, under a key that nothing else uses: the same id always gives the same pseudonym, and
// without the key nobody can tell whose it is. Also by how much the dates of one person are moved.
import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import type { DataKey } from '#platform/encryption/sealing.ts'

export type PseudonymOf =
  | 'patient'
  | 'doctor'
  | 'appointment'
  | 'visit'
  | 'assessment'
  | 'assignment'
  | 'prescription'
  | 'alert'
  | 'document'
  | 'user'

export type Pseudonyms = {
  /** 32 hexadecimal digits. */
  of: (kind: PseudonymOf, id: string) => string
  /** Whole weeks, so that a Monday stays one: from −most to most. */
  weeksOf: (patient_id: string, most: number) => number
  /** Stands for the key itself. */
  id: string
}

const pseudonymBytes = 16

export function openPseudonyms({ key, id }: DataKey): Pseudonyms {
  const derive = (purpose: string): KeyObject =>
    createSecretKey(Buffer.from(hkdfSync('sha256', key, '', `openward/warehouse/v1/${purpose}`, 32)))
  const pseudonym = derive('pseudonym')
  const shift = derive('shift')
  return {
    id,
    of(kind, row_id) {
      const digest = createHmac('sha256', pseudonym).update(`${kind}/${row_id}`).digest()
      return digest.subarray(0, pseudonymBytes).toString('hex')
    },
    weeksOf(patient_id, most) {
      if (most === 0) return 0
      const drawn = createHmac('sha256', shift).update(patient_id).digest().readUIntBE(0, 6)
      return (drawn % (2 * most + 1)) - most
    },
  }
}
