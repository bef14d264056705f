// The variables of emergency copies: where they lie, and for which break-glass keys. Read by configuration.ts alone.
import { resolve } from 'node:path'
import { z } from 'zod'
import { parsePublicKey, type PublicKey } from './keys.ts'

const text = z.string().trim().min(1)

export const emergencyVariables = {
  OPENWARD_EMERGENCY_DIR: text.optional(),
  OPENWARD_EMERGENCY_KEY: text.optional(),
}

export type EmergencySettings = Readonly<{
  /** Undefined where no emergency copies are made. */
  emergency: Readonly<{ directory: string; public_keys: readonly PublicKey[] }> | undefined
}>

type Read = z.output<z.ZodObject<typeof emergencyVariables>>

const listOf = (keys: string) => keys.split(',').map((key) => parsePublicKey(key.trim()))

export function emergencySettings({ OPENWARD_EMERGENCY_DIR, OPENWARD_EMERGENCY_KEY }: Read): EmergencySettings {
  if (OPENWARD_EMERGENCY_DIR === undefined || OPENWARD_EMERGENCY_KEY === undefined) return { emergency: undefined }
  const public_keys = listOf(OPENWARD_EMERGENCY_KEY).filter((key) => key !== undefined)
  return { emergency: { directory: resolve(OPENWARD_EMERGENCY_DIR), public_keys } }
}

/** What is wrong with them, in words. */
export function emergencyFaults({ OPENWARD_EMERGENCY_DIR, OPENWARD_EMERGENCY_KEY }: Read): string[] {
  const faults: string[] = []
  if ((OPENWARD_EMERGENCY_DIR === undefined) !== (OPENWARD_EMERGENCY_KEY === undefined))
    faults.push(
      'OPENWARD_EMERGENCY_DIR and OPENWARD_EMERGENCY_KEY go together: make a key with `openward emergency key`, or remove the one that is set',
    )
  if (OPENWARD_EMERGENCY_KEY !== undefined && listOf(OPENWARD_EMERGENCY_KEY).includes(undefined))
    faults.push(
      'OPENWARD_EMERGENCY_KEY must be the public key that `openward emergency key` prints; several are comma-separated',
    )
  return faults
}
