// Wrapping every stored key anew under the newest master key. Nothing sealed with those keys changes, and servers that have
// both master keys go on meanwhile.
import { literal, type Sql, sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { IntegrityError } from '#platform/encryption/failures.ts'
import { type Keyring, kekIds, rewrapKey, type WrapPlace } from '#platform/encryption/keyring.ts'
import { alone, type Outcome, type Rotation } from './rotation.ts'
import { forgetVaultKeys, renewVaultKey } from './vault-key.ts'

type WrappedRow = { id: string; purpose: string; kek_id: string; wrapped: Buffer }

/** A table of wrapped keys: its name, its id, and the purpose for which its keys were wrapped. */
type WrappedTable = { name: string; table: Sql; id: Sql; id_type: Sql; purpose: Sql }

const wrappedTables: readonly WrappedTable[] = [
  { name: 'system_keys', table: sql`system_keys`, id: sql`id`, id_type: sql`uuid`, purpose: sql`'data_key'` },
  { name: 'index_roots', table: sql`index_roots`, id: sql`version`, id_type: sql`int`, purpose: sql`'index_root'` },
  { name: 'signing_keys', table: sql`signing_keys`, id: sql`id`, id_type: sql`text`, purpose: sql`purpose` },
  { name: 'patient_keys', table: sql`patient_keys`, id: sql`id`, id_type: sql`uuid`, purpose: sql`'data_key'` },
]

const batchRows = 200
const tellEvery = 10_000

/**
 * Safe to interrupt and to run again: what is wrapped anew already is not looked at. Where a vault keeps the keys, a new one is made
 * first.
 */
export async function rotateMasterKey(rotation: Rotation): Promise<Outcome> {
  const { database, keys, say } = rotation
  return alone(rotation, async () => {
    const before = kekIds(keys.keyring)[0]
    await renewVaultKey(
      rotation,
      (await countByKek(rotation)).every(({ kek_id }) => kek_id === before),
    )
    const [newest, ...older] = kekIds(keys.keyring)
    const unfinished: string[] = []
    let total = 0
    for (const wrapped of wrappedTables) {
      const damaged = new Set<string>()
      for (let told = tellEvery; ;) {
        const batch = await database.transaction((tx) => rewrapBatch(tx, keys.keyring, wrapped, older, [...damaged]))
        for (const id of batch.damaged) damaged.add(id)
        total += batch.done
        if (total >= told) {
          say(`${total} keys are wrapped anew.`)
          told = total + tellEvery
        }
        if (batch.read === 0) break
      }
      for (const id of damaged)
        unfinished.push(`${wrapped.name} ${id} did not pass its integrity check: restore it from a backup`)
    }
    const left = (await countByKek(rotation)).filter(({ kek_id }) => kek_id !== newest)
    for (const { table, kek_id, keys: count } of left) {
      if (older.includes(kek_id)) unfinished.push(`${table}: ${count} under ${kek_id}`)
      else
        unfinished.push(
          `${table}: ${count} under ${kek_id}, a master key that is not configured: add it behind the newest one`,
        )
    }
    await database.once(async (tx) => {
      tx.audit({
        action: 'keys.rotate',
        resource_type: 'key',
        details: { kind: 'kek', to: newest, from: older, count: total, unfinished: unfinished.length },
      })
    })
    say(`${total} keys were wrapped anew under ${newest}.`)
    if (unfinished.length === 0) await forgetVaultKeys(rotation, older)
    if (unfinished.length === 0)
      say(`No key is left under ${older.length > 0 ? older.join(' or ') : 'another master key'}.`)
    return { unfinished }
  })
}

async function rewrapBatch(
  tx: Tx,
  keyring: Keyring,
  { table, id, id_type, purpose }: WrappedTable,
  older: readonly string[],
  damagedBefore: readonly string[],
) {
  const rows = await tx.rows(sql<WrappedRow>`
    select ${id}::text as id, ${purpose} as purpose, kek_id, wrapped from ${table}
     where kek_id = any(${older}::text[]) and wrapped is not null and ${id} <> all(${damagedBefore}::${id_type}[])
     order by kek_id, ${id} limit ${literal(batchRows)} for no key update`)
  const damaged: string[] = []
  const done = rows.flatMap((row) => {
    const anew = tryRewrap(keyring, { purpose: row.purpose, id: row.id }, row)
    if (!anew) damaged.push(row.id)
    return anew ? [{ id: row.id, ...anew }] : []
  })
  await tx.run(sql`
    update ${table} set kek_id = v.kek_id, wrapped = v.wrapped
      from unnest(${done.map((row) => row.id)}::${id_type}[], ${done.map(({ kek_id }) => kek_id)}::text[],
                  ${done.map(({ wrapped }) => wrapped)}::bytea[]) as v(row_id, kek_id, wrapped)
     where ${id} = v.row_id`)
  return { read: rows.length, done: done.length, damaged }
}

function tryRewrap(keyring: Keyring, place: WrapPlace, row: WrappedRow) {
  try {
    return rewrapKey(keyring, place, row)
  } catch (error) {
    if (error instanceof IntegrityError) return undefined
    throw error
  }
}

export type KekCount = { table: string; kek_id: string; keys: number }

/** How many keys each master key has wrapped; a key that erasure destroyed is none. */
export async function countByKek({ database }: Pick<Rotation, 'database'>): Promise<KekCount[]> {
  return database.once((tx) =>
    tx.rows(sql<KekCount>`
      select 'patient_keys' as table, kek_id, count(*) as keys from patient_keys where wrapped is not null group by kek_id
      union all select 'system_keys', kek_id, count(*) from system_keys group by kek_id
      union all select 'index_roots', kek_id, count(*) from index_roots group by kek_id
      union all select 'signing_keys', kek_id, count(*) from signing_keys group by kek_id
      order by 1, 2`),
  )
}
