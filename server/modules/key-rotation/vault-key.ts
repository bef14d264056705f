// A new key-encryption key from the vault: known to every server first, used then, and the one before it forgotten when nothing lies
// under it any more. No server is restarted for it.
import { sql } from '#platform/database/sql.ts'
import { type Rotation, settle } from './rotation.ts'

/** Does nothing without a vault. No key is made while keys lie under an older one: that rotation is ended first. */
export async function renewVaultKey(rotation: Rotation, isComplete: boolean): Promise<void> {
  const { database, keys, say } = rotation
  const { vault } = keys.keyring
  if (!vault) return
  const findUnused = () =>
    database.once((tx) =>
      tx.first(sql<{ id: string; made_at: string }>`select id, made_at from master_keys where used_at is null`),
    )
  let next = await findUnused()
  if (!next && isComplete) {
    await vault.make((work) => database.transaction(work))
    next = await findUnused()
    if (!next) throw new Error('a key-encryption key was not written down')
    say(`The vault has wrapped a new key-encryption key, ${next.id}.`)
  }
  if (next) await use(rotation, next)
  await rotation.setAppPassword?.()
  const newest = await database.once((tx) =>
    tx.first(
      sql<{ used_at: string }>`select used_at from master_keys where used_at is not null order by number desc limit 1`,
    ),
  )
  // Whatever a server wraps under the one before, because it did not know yet, is there by then.
  if (newest) await settle(rotation, newest.used_at)
}

async function use(rotation: Rotation, { id, made_at }: { id: string; made_at: string }) {
  const { database, keys, say } = rotation
  await settle(rotation, made_at)
  await database.once((tx) => {
    tx.audit({ action: 'keys.rotate', resource_type: 'key', details: { kind: 'kek', step: 'used', to: id } })
    return tx.run(sql`update master_keys set used_at = clock_timestamp() where id = ${id}`)
  })
  await keys.reload()
  say(`New keys are wrapped under ${id}.`)
}

/** A key of the vault under which nothing lies is removed; backups have it as they have what lies under it. */
export async function forgetVaultKeys({ database, keys, say }: Rotation, older: readonly string[]): Promise<void> {
  if (!keys.keyring.vault) return
  const forgotten = await database.transaction(async (tx) => {
    await tx.run(sql`lock table patient_keys, system_keys, index_roots, signing_keys in share mode`)
    return tx.rows(sql<{ id: string }>`
      delete from master_keys m
       where m.id = any(${older}::text[])
         and not exists (select from patient_keys k where k.kek_id = m.id and k.wrapped is not null)
         and not exists (select from system_keys k where k.kek_id = m.id)
         and not exists (select from index_roots k where k.kek_id = m.id)
         and not exists (select from signing_keys k where k.kek_id = m.id)
       returning m.id`)
  })
  for (const { id } of forgotten) say(`The key-encryption key ${id} is removed from the database.`)
  const known = new Set(forgotten.map(({ id }) => id))
  const given = older.filter((id) => !known.has(id))
  if (given.length > 0)
    say('Nothing lies under OPENWARD_MASTER_KEY any more: remove it from every server, and keep it for the backups.')
}
