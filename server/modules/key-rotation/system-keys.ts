// New keys of the system. A key is made known first and used only when every running server has read it, so that none meets
// a value that it cannot open. Users are sealed anew; mails and stored answers are gone within days.
import { literal, sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { newDataKey } from '#platform/encryption/data-key.ts'
import { IntegrityError } from '#platform/encryption/failures.ts'
import { systemPurposes } from '#platform/encryption/keys.ts'
import { type DataKey, open, seal } from '#platform/encryption/sealing.ts'
import { alone, finish, instantOf, type Outcome, resumeOrBegin, type Rotation, saveState, settle } from './rotation.ts'
import { userSealedTable } from './sealed-tables.ts'

/** `used_at` once the made keys are the current ones. */
type State = { made: string[]; made_at: string; used_at?: string }

const batchRows = 200

/** Safe to interrupt and to run again. */
export async function rotateSystemKeys(rotation: Rotation): Promise<Outcome> {
  const { database, keys, say } = rotation
  return alone(rotation, async () => {
    const now = await instantOf(rotation)
    const run = await resumeOrBegin<State>(rotation, 'system', async (tx) => ({
      made: await makeKeys(tx, rotation),
      made_at: now,
    }))
    let { state } = run
    if (!state.used_at) {
      await settle(rotation, state.made_at)
      const used_at = await instantOf(rotation)
      state = { ...state, used_at }
      await database.transaction(async (tx) => {
        await useKeys(tx, state.made)
        await saveState(tx, run, state)
      })
      say('The new system keys are in use.')
      // Whatever a server that did not know yet sealed with an older key is there by then.
      await settle(rotation, used_at)
    }
    await keys.reload()
    const current = keys.system('users')
    const damaged = new Set<string>()
    let count = 0
    for (;;) {
      const batch = await database.transaction((tx) => sealUsers(tx, rotation, current, damaged))
      count += batch.done
      if (batch.read === 0) break
    }
    await finish(rotation, 'system', run, { users: count, unfinished: damaged.size })
    say(`${count} users are sealed with the new key.`)
    return {
      unfinished: [...damaged].map(
        (id) => `user ${id} did not pass the integrity check: restore the row from a backup`,
      ),
    }
  })
}

/** Known, and retired until they are used. */
async function makeKeys(tx: Tx, { keys }: Rotation): Promise<string[]> {
  const made = systemPurposes.map((purpose) => ({ purpose, ...newDataKey(keys.keyring) }))
  await tx.run(sql`
    insert into system_keys (id, purpose, kek_id, wrapped, retired_at)
    select *, now() from unnest(${made.map(({ id }) => id)}::uuid[], ${made.map(({ purpose }) => purpose)}::text[],
                                ${made.map(({ kek_id }) => kek_id)}::text[], ${made.map(({ wrapped }) => wrapped)}::bytea[])`)
  return made.map(({ id }) => id)
}

async function useKeys(tx: Tx, made: readonly string[]) {
  await tx.run(sql`
    update system_keys set retired_at = now()
     where retired_at is null and purpose in (select purpose from system_keys where id = any(${made}::uuid[]))`)
  await tx.run(sql`update system_keys set retired_at = null where id = any(${made}::uuid[])`)
}

type UserRow = { id: string; key_id: string; sealed_profile: Buffer; sealed_totp: Buffer | null }

async function sealUsers(tx: Tx, { keys }: Rotation, current: DataKey, damaged: Set<string>) {
  const rows = await tx.rows(sql<UserRow>`
    select id, key_id, sealed_profile, sealed_totp from users
     where key_id <> ${current.id} and id <> all(${[...damaged]}::uuid[]) order by id limit ${literal(batchRows)} for no key update`)
  let done = 0
  for (const row of rows) {
    try {
      const old = keys.systemById(row.key_id)
      const anew = (column: 'sealed_profile' | 'sealed_totp') => {
        const place = { table: userSealedTable.table, column, row_id: row.id }
        const value = row[column]
        return value && seal(current, place, open(old, place, value))
      }
      await tx.run(sql`
        update users set key_id = ${current.id}, sealed_profile = ${anew('sealed_profile')}, sealed_totp = ${anew('sealed_totp')}
         where id = ${row.id}`)
      done += 1
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error
      damaged.add(row.id)
    }
  }
  return { read: rows.length, done }
}
