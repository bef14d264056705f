// Sealing the audit log every few seconds, and verifying it. The signing key is wrapped in the database; roots and public
// keys are also written to the data directory; roots-copy.ts writes the roots to a place elsewhere.
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { certain } from '#platform/certain.ts'
import { publishToFile } from '#platform/audit/publish.ts'
import { createRootSigner, formatTrustedKey, keyIdOf, type RootSigner } from '#platform/audit/root.ts'
import { AuditForkError, sealAudit } from '#platform/audit/seal.ts'
import type { StoredVerdict } from '#platform/audit/verdict.ts'
import type { System } from '#platform/context.ts'
import { isConnectionFault } from '#platform/database/connection.ts'
import { sql } from '#platform/database/sql.ts'
import { scopedDatabase } from '#platform/database/transaction.ts'
import { unwrapKey, wrapKey } from '#platform/encryption/keyring.ts'
import { repeat, type Repeated } from '#platform/jobs/repeat.ts'
import type { Check } from '#platform/module.ts'
import { findRootKeys, insertRootKey } from './audit-log.store.ts'
import { reasonOf } from './roots-copy.ts'
import { auditDirectory, rootsFile, verifyStoredLog, withLongConnection } from './verification.ts'

const sealEveryMilliseconds = 2000

export type AuditSealing = {
  /** Public keys of all roots, as text. */
  readonly keys: string[]
  seal(): Promise<{ sealed: number }>
  verify(): Promise<StoredVerdict>
  check(): Promise<Check>
  start(): void
  stop(): Promise<void>
}

/** Opens the key of the roots, making the first one. */
export async function openAuditSealing(system: System, every_ms = sealEveryMilliseconds): Promise<AuditSealing> {
  const { pool, log, configuration } = system
  const directory = auditDirectory(configuration)
  mkdirSync(directory, { recursive: true, mode: 0o750 })
  let opened = await openSigner(system)
  publishKeys()
  const publisher = publishToFile(rootsFile(configuration))
  let fault: string | undefined
  let repeated: Repeated | undefined

  function publishKeys() {
    writeFileSync(join(directory, 'keys.txt'), `${opened.keys.join('\n')}\n`)
  }

  /** The signing key may have been rotated meanwhile. */
  async function openAgain() {
    const known = opened.keys.join()
    opened = await openSigner(system)
    if (opened.keys.join() !== known) publishKeys()
  }

  async function seal() {
    await openAgain()
    return withLongConnection(pool, (connection) => sealAudit(connection, opened.signer, publisher))
  }

  async function sealInTurn() {
    const before = fault
    try {
      await seal()
      fault = undefined
      if (before !== undefined) log.info('the audit log is sealed again')
    } catch (error) {
      // Without the database there is nothing to seal, and that is told elsewhere.
      if (isConnectionFault(error)) return
      fault = faultOf(error)
      if (fault !== before) log.error({ err: error }, 'the audit log could not be sealed')
    }
  }

  const sealing: AuditSealing = {
    get keys() {
      return opened.keys
    },
    seal,
    verify: () => verifyStoredLog(pool, configuration),
    check: async () => (fault === undefined ? { status: 'ok' } : { status: 'degraded', detail: fault }),
    start() {
      repeated = repeat({ name: 'audit.seal', every_ms, work: sealInTurn, log })
    },
    async stop() {
      await repeated?.stop()
    },
  }
  return sealing
}

function faultOf(error: unknown): string {
  if (error instanceof AuditForkError) return `The audit log does not continue what was sealed before: ${error.message}`
  const { syscall, code } = error as NodeJS.ErrnoException
  return syscall === undefined
    ? 'The audit log is not sealed: the log of the server says why'
    : `The audit log is not sealed, as its roots cannot be written to OPENWARD_DATA_DIR: ${reasonOf({ code })}`
}

/** The key that signs now, and the public keys of all. */
export async function openSigner({ pool, keys: { keyring } }: System): Promise<{ signer: RootSigner; keys: string[] }> {
  const database = scopedDatabase(
    pool,
    { enter: () => sql`select openward.enter_as('none')` },
    { audit: (entry) => entry },
  )
  const place = (id: string) => ({ purpose: 'audit_root', id })
  let stored = await database.once((tx) => tx.rows(findRootKeys()))
  if (!stored.some(({ is_current }) => is_current)) {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const id = keyIdOf(publicKey)
    const { kek_id, wrapped } = wrapKey(keyring, place(id), privateKey.export({ type: 'pkcs8', format: 'der' }))
    await database.once((tx) =>
      tx.run(
        insertRootKey({
          id,
          public_key: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
          kek_id,
          wrapped,
        }),
      ),
    )
    stored = await database.once((tx) => tx.rows(findRootKeys()))
  }
  const current = certain(
    stored.find(({ is_current }) => is_current),
    'key to sign the audit log with',
  )
  const privateKey = createPrivateKey({
    key: unwrapKey(keyring, place(current.id), current),
    format: 'der',
    type: 'pkcs8',
  })
  return {
    signer: createRootSigner(privateKey),
    keys: stored.map(({ public_key }) => formatTrustedKey(createPublicKey(public_key))),
  }
}
