// Sealing the audit log every few seconds, and verifying it. The signing key is wrapped in the database; roots and public
// keys are also written to the data directory, for a copy elsewhere.
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { publishToFile, readPublishedRoots } from '#platform/audit/publish.ts'
import {
  createRootSigner,
  formatTrustedKey,
  keyIdOf,
  parseTrustedKeys,
  type RootSigner,
  type SignedRoot,
} from '#platform/audit/root.ts'
import type { AuditConnection } from '#platform/audit/root.store.ts'
import { AuditForkError, sealAudit } from '#platform/audit/seal.ts'
import type { AuditVerdict } from '#platform/audit/verdict.ts'
import { verifyAudit } from '#platform/audit/verify.ts'
import type { System } from '#platform/context.ts'
import { isConnectionFault, withinLimit } from '#platform/database/connection.ts'
import { sql } from '#platform/database/sql.ts'
import { scopedDatabase } from '#platform/database/transaction.ts'
import { unwrapKey, wrapKey } from '#platform/encryption/keyring.ts'
import type { Check } from '#platform/module.ts'
import { findRootKeys, insertRootKey } from './audit-log.store.ts'

const sealEveryMilliseconds = 2000

export type AuditSealing = {
  /** Public keys of all roots, as text. */
  readonly keys: string[]
  seal(): Promise<{ sealed: number }>
  verify(outside?: { from?: SignedRoot; to?: SignedRoot; roots?: SignedRoot[] }): Promise<AuditVerdict>
  check(): Promise<Check>
  start(): void
  stop(): Promise<void>
}

/** Opens the key of the roots, making the first one. */
export async function openAuditSealing(system: System): Promise<AuditSealing> {
  const { pool, log, configuration } = system
  const directory = join(configuration.data_directory, 'audit')
  mkdirSync(directory, { recursive: true, mode: 0o750 })
  const rootsFile = join(directory, 'roots.txt')
  let opened = await openSigner(system)
  publishKeys()
  const publisher = publishToFile(rootsFile)
  let fork: string | undefined
  let running: Promise<unknown> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined

  /** Reads the whole log in one go, so without the limits of a request; such a connection is not given back to requests. */
  async function withConnection<T>(work: (connection: AuditConnection) => Promise<T>): Promise<T> {
    const connection = await pool.connect()
    try {
      // The first statement finds out whether anybody is there; those that follow may take their time.
      await connection.query(withinLimit(`set statement_timeout = 0`, 5000))
      await connection.query(`set idle_in_transaction_session_timeout = 0`)
      await connection.query(`set openward.reach = 'all'`)
      return await work(connection)
    } finally {
      connection.release(true)
    }
  }

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
    return withConnection((connection) => sealAudit(connection, opened.signer, publisher))
  }
  const sealing: AuditSealing = {
    get keys() {
      return opened.keys
    },
    seal,
    verify: async ({ from, to, roots } = {}) => {
      await openAgain()
      return withConnection(async (connection) => {
        const published = await readPublishedRoots(rootsFile).catch(() => [])
        return verifyAudit(connection, parseTrustedKeys(opened.keys), { from, to, outside: [...published, ...(roots ?? [])] })
      })
    },
    check: async () =>
      fork
        ? { status: 'degraded', detail: `The audit log does not continue what was sealed before: ${fork}` }
        : { status: 'ok' },
    start() {
      timer = setInterval(() => {
        running = running.then(async () => {
          try {
            await seal()
            fork = undefined
          } catch (error) {
            if (error instanceof AuditForkError) fork = error.message
            if (!isConnectionFault(error)) log.error({ err: error }, 'the audit log could not be sealed')
          }
        })
      }, sealEveryMilliseconds)
      timer.unref()
    },
    async stop() {
      clearInterval(timer)
      await running
    },
  }
  return sealing
}

async function openSigner({ pool, keys: { keyring } }: System): Promise<{ signer: RootSigner; keys: string[] }> {
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
  const current = stored.find(({ is_current }) => is_current)
  if (!current) throw new Error('there is no key to sign the audit log with')
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
