// A new key that signs the roots of the audit log. It is known first and signs only when every server has read it; the public
// half of an older one stays for the roots that it signed.
import { generateKeyPairSync } from 'node:crypto'
import { keyIdOf } from '#platform/audit/root.ts'
import { sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { wrapKey } from '#platform/encryption/keyring.ts'
import { alone, finish, instantOf, type Outcome, resumeOrBegin, type Rotation, settle } from './rotation.ts'

type State = { made: string; made_at: string }

/** Safe to interrupt and to run again. */
export async function rotateAuditKey(rotation: Rotation): Promise<Outcome> {
  return alone(rotation, async () => {
    const made_at = await instantOf(rotation)
    const run = await resumeOrBegin<State>(rotation, 'audit', async (tx) => ({
      made: await publish(tx, rotation),
      made_at,
    }))
    const { made } = run.state
    await settle(rotation, run.state.made_at)
    await rotation.database.transaction(async (tx) => {
      await tx.run(sql`
        update signing_keys set retired_at = now() where purpose = 'audit_root' and retired_at is null and id <> ${made}`)
      await tx.run(sql`update signing_keys set retired_at = null where id = ${made}`)
    })
    await finish(rotation, 'audit', run)
    rotation.say(
      `The key ${made} signs the audit log from now on. Keep a copy of audit/keys.txt with the copies of its roots.`,
    )
    return { unfinished: [] }
  })
}

/** Known, and retired until it signs. */
async function publish(tx: Tx, { keys }: Rotation): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const id = keyIdOf(publicKey)
  const private_key = privateKey.export({ type: 'pkcs8', format: 'der' })
  const { kek_id, wrapped } = wrapKey(keys.keyring, { purpose: 'audit_root', id }, private_key)
  await tx.run(sql`
    insert into signing_keys (id, purpose, public_key, kek_id, wrapped, retired_at)
    values (${id}, 'audit_root', ${publicKey.export({ type: 'spki', format: 'pem' }).toString()}, ${kek_id}, ${wrapped}, now())`)
  return id
}
