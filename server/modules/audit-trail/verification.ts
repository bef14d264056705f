// Verifying the audit log from what lies open: entries, roots and public keys. No key is opened and nothing is written.
import { createPublicKey } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { readPublishedRoots } from '#platform/audit/publish.ts'
import { formatRoot, formatTrustedKey, parseTrustedKeys, type SignedRoot } from '#platform/audit/root.ts'
import type { AuditConnection } from '#platform/audit/root.store.ts'
import type { RootsPlace, StoredVerdict } from '#platform/audit/verdict.ts'
import { verifyAudit } from '#platform/audit/verify.ts'
import type { Configuration } from '#platform/configuration.ts'
import { type Pool, withinLimit } from '#platform/database/connection.ts'

export type Outside = {
  from?: SignedRoot | undefined
  to?: SignedRoot | undefined
  roots?: readonly SignedRoot[]
  /** Public keys as `formatTrustedKey` writes them, trusted in place of those that the database names. */
  keys?: readonly string[] | undefined
}

const patienceMilliseconds = 30_000

/** Where the roots and the public keys are published. */
export function auditDirectory({ data_directory }: Pick<Configuration, 'data_directory'>): string {
  return join(data_directory, 'audit')
}

export function rootsFile(configuration: Pick<Configuration, 'data_directory'>): string {
  return join(auditDirectory(configuration), 'roots.txt')
}

/** Where they are written as well, out of reach of this machine; undefined where no such place is configured. */
export function rootsFileElsewhere({
  audit_roots_directory,
}: Pick<Configuration, 'audit_roots_directory'>): string | undefined {
  return audit_roots_directory === undefined ? undefined : join(audit_roots_directory, 'roots.txt')
}

/** Compares the log with its own roots, with those that were published here and elsewhere, and with those given from outside. */
export async function verifyStoredLog(
  pool: Pool,
  configuration: Pick<Configuration, 'data_directory' | 'audit_roots_directory'>,
  { from, to, roots = [], keys }: Outside = {},
): Promise<StoredVerdict> {
  return withLongConnection(pool, async (connection) => {
    const trusted = parseTrustedKeys(keys ?? (await readPublicKeys(connection)))
    const elsewhere = rootsFileElsewhere(configuration)
    const published = await Promise.all([
      readInTime('OPENWARD_DATA_DIR', rootsFile(configuration)),
      ...(elsewhere === undefined ? [] : [readInTime('OPENWARD_AUDIT_ROOTS_DIR', elsewhere)]),
    ])
    // The same root at two places agrees once.
    const outside = new Map(
      [...published.flatMap((one) => one.roots), ...roots].map((root) => [formatRoot(root), root]),
    )
    const verdict = await verifyAudit(connection, trusted, { from, to, outside: [...outside.values()] })
    const unread = published.filter((one) => one.roots.length === 0).map(({ place }) => place)
    return { ...verdict, unread_roots: verdict.roots === 0 ? [] : unread }
  })
}

/** None where the file cannot be read; a share whose server is gone may not answer for hours. */
async function readInTime(place: RootsPlace, file: string): Promise<{ place: RootsPlace; roots: SignedRoot[] }> {
  const read = new AbortController()
  const silence = wait(patienceMilliseconds, [], { signal: read.signal })
  const roots = await Promise.race([readPublishedRoots(file), silence])
    .catch(() => [])
    .finally(() => read.abort())
  return { place, roots }
}

/** For what reads the whole log, and lifts the limits of a request for as long as it does (`withWholeLog`). */
export async function withLongConnection<T>(pool: Pool, work: (connection: AuditConnection) => Promise<T>): Promise<T> {
  const connection = await pool.connect()
  // Until the work is done nobody knows what state it leaves.
  let isBroken = true
  try {
    // Finds out whether anybody is there; what follows may take its time.
    await connection.query(withinLimit('select 1', 5000))
    const result = await work(connection)
    isBroken = false
    return result
  } finally {
    connection.release(isBroken)
  }
}

async function readPublicKeys(connection: AuditConnection): Promise<string[]> {
  const { rows } = await connection.query(`select public_key from signing_keys where purpose = 'audit_root'`)
  return (rows as { public_key: string }[]).map(({ public_key }) => formatTrustedKey(createPublicKey(public_key)))
}
