// The variables of backups: where they lie, and under which key. Read by configuration.ts alone.
import { resolve } from 'node:path'
import { z } from 'zod'

const text = z.string().trim().min(1)

export const backupVariables = {
  OPENWARD_BACKUP_DIR: text.optional(),
  OPENWARD_BACKUP_KEY: text.optional(),
  OPENWARD_BACKUP_KEY_FILE: text.optional(),
}

export type BackupSettings = Readonly<{
  /** Where backups lie, and where servers copy the log to. */
  backup_directory: string | undefined
  /** Base64 of 32 bytes each, newest first. */
  backup_keys: string | undefined
}>

type Read = z.output<z.ZodObject<typeof backupVariables>>

export function backupSettings(
  variables: Read,
  readFile: (variable: string, path?: string) => string | undefined,
): BackupSettings {
  const { OPENWARD_BACKUP_DIR, OPENWARD_BACKUP_KEY, OPENWARD_BACKUP_KEY_FILE } = variables
  return {
    backup_directory: OPENWARD_BACKUP_DIR === undefined ? undefined : resolve(OPENWARD_BACKUP_DIR),
    backup_keys: OPENWARD_BACKUP_KEY ?? readFile('OPENWARD_BACKUP_KEY_FILE', OPENWARD_BACKUP_KEY_FILE),
  }
}

/** What is wrong with them, in words. */
export function backupFaults({
  production,
  ...variables
}: Read & { production: boolean; DATABASE_URL?: string | undefined }): string[] {
  const { OPENWARD_BACKUP_DIR, OPENWARD_BACKUP_KEY, OPENWARD_BACKUP_KEY_FILE } = variables
  const faults: string[] = []
  if (OPENWARD_BACKUP_KEY && OPENWARD_BACKUP_KEY_FILE)
    faults.push('OPENWARD_BACKUP_KEY and OPENWARD_BACKUP_KEY_FILE are both set: keep one of them')
  if (production && OPENWARD_BACKUP_DIR && !OPENWARD_BACKUP_KEY && !OPENWARD_BACKUP_KEY_FILE) {
    faults.push(
      'OPENWARD_BACKUP_KEY or OPENWARD_BACKUP_KEY_FILE must be set where OPENWARD_BACKUP_DIR is, in production: make one with `openward keys generate`',
    )
  }
  return faults
}
