// Purging the audit log, for an operator who says who and why. Nothing does it by itself, and no request can.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Purged, purgeAudit, PurgeRefused } from '#platform/audit/purge.ts'
import { parseTrustedKeys } from '#platform/audit/root.ts'
import type { System } from '#platform/context.ts'
import { openPool } from '#platform/database/connection.ts'
import { openAuditSealing, openSigner } from './sealing.ts'
import { auditDirectory, verifyStoredLog, withLongConnection } from './verification.ts'

export type PurgeAsked = { kept_years: number; by: string; reason: string; dry_run: boolean }

/**
 * Purges entries that are older than they must be kept, or only counts them. The statement is also written beside the published
 * roots. Undefined when nothing is old enough. @throws PurgeRefused
 */
export async function purgeStoredLog(
  system: System,
  owner_url: string,
  asked: PurgeAsked,
): Promise<Purged | undefined> {
  const { configuration, pool, log } = system
  if (asked.kept_years < configuration.audit_retention_years)
    throw new PurgeRefused(
      `OPENWARD_AUDIT_RETENTION_YEARS keeps entries for ${configuration.audit_retention_years} years: younger ones stay`,
    )
  const sealing = await openAuditSealing(system)
  // What was altered must not go before anybody has seen it.
  const { is_whole } = await verifyStoredLog(pool, configuration)
  if (!is_whole)
    throw new PurgeRefused('the log is not whole: `openward audit verify` says where, and nothing is purged until then')
  const { signer, keys } = await openSigner(system)
  const owner = openPool({
    url: owner_url,
    size: 1,
    name: 'openward audit purge',
    on_error: (error) => log.warn({ err: error }, 'a database connection broke'),
  })
  try {
    const purged = await withLongConnection(owner, (connection) =>
      purgeAudit(connection, signer, parseTrustedKeys(keys), asked),
    )
    if (purged?.statement) {
      appendFileSync(join(auditDirectory(configuration), 'purges.txt'), purged.statement)
      await sealing.seal()
    }
    return purged
  } finally {
    await owner.end()
  }
}
