// The variables of the audit log: how long entries are kept, where its roots are copied to, and what stands out in it. Read by
// configuration.ts alone.
import { relative, resolve } from 'node:path'
import { z } from 'zod'
import { reviewSettings, type ReviewSettings, reviewVariables } from './review-variables.ts'

export const auditVariables = {
  OPENWARD_AUDIT_RETENTION_YEARS: z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(6).max(100))
    .default(6),
  OPENWARD_AUDIT_ROOTS_DIR: z.string().trim().min(1).optional(),
  ...reviewVariables,
}

export type AuditSettings = Readonly<{
  audit_retention_years: number
  /** A folder elsewhere, into which every signed root is written as well; undefined where there is none. */
  audit_roots_directory: string | undefined
  /** What stands out. */
  review: ReviewSettings
}>

type Read = z.output<z.ZodObject<typeof auditVariables>>

export function auditSettings(variables: Read): AuditSettings {
  const { OPENWARD_AUDIT_RETENTION_YEARS, OPENWARD_AUDIT_ROOTS_DIR } = variables
  return {
    audit_retention_years: OPENWARD_AUDIT_RETENTION_YEARS,
    audit_roots_directory: OPENWARD_AUDIT_ROOTS_DIR === undefined ? undefined : resolve(OPENWARD_AUDIT_ROOTS_DIR),
    review: reviewSettings(variables),
  }
}

/** What is wrong with them, in words. */
export function auditFaults({
  OPENWARD_AUDIT_ROOTS_DIR: folder,
  OPENWARD_DATA_DIR,
}: Pick<Read, 'OPENWARD_AUDIT_ROOTS_DIR'> & { OPENWARD_DATA_DIR: string }): string[] {
  if (folder === undefined) return []
  const way = relative(resolve(OPENWARD_DATA_DIR), resolve(folder))
  return way.split(/[\\/]/)[0] === '..'
    ? []
    : [
        'OPENWARD_AUDIT_ROOTS_DIR must lie outside of OPENWARD_DATA_DIR, where the roots are anyway: name a folder that the administrators of this machine cannot change, such as a mounted share',
      ]
}
