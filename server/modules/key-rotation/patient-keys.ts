// A new key for every patient, and everything that is sealed for them sealed anew with it: one transaction a patient, so that
// whoever reads finds row and key together, before or after.
import { literal, type Sql, sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { newDataKey, openDataKey, type StoredDataKey } from '#platform/encryption/data-key.ts'
import { IntegrityError, KeyUnavailable } from '#platform/encryption/failures.ts'
import { type DataKey, open, seal } from '#platform/encryption/sealing.ts'
import { alone, finish, instantOf, named, type Outcome, resumeOrBegin, type Rotation } from './rotation.ts'
import { patientSealedTables, type SealedTable } from './sealed-tables.ts'

/** Keys made before this instant get a successor; it is kept, so that a run that goes on does not begin anew. */
type State = { made_before: string }
type Damaged = Map<string, string>

const batchKeys = 200
const batchRows = 500
const tellEvery = 1000

/** Safe to interrupt and to run again. `older_than_days` leaves younger keys alone. */
export async function rotatePatientKeys(rotation: Rotation, older_than_days = 0): Promise<Outcome> {
  return alone(rotation, async () => {
    const now = Temporal.Instant.from(await instantOf(rotation))
    const made_before = now.subtract({ hours: 24 * older_than_days }).toString()
    const run = await resumeOrBegin<State>(rotation, 'patients', async () => ({ made_before }))
    const damaged: Damaged = new Map()
    const count = await replaceKeys(rotation, run.state, damaged)
    while ((await sealStragglers(rotation, damaged)) > 0);
    await recordDamage(rotation, damaged)
    await finish(rotation, 'patients', run, { count, unfinished: damaged.size })
    rotation.say(`${count} patients have a new key.`)
    if (damaged.size === 0) rotation.say('Nothing is sealed with an older key any more, but what the audit log holds.')
    const unfinished = [...damaged].map(([id, where]) => `what is sealed with the key ${id} stays as it is: ${where}`)
    return { unfinished }
  })
}

async function replaceKeys(rotation: Rotation, { made_before }: State, damaged: Damaged): Promise<number> {
  const { database, say } = rotation
  let count = 0
  for (let after: string | undefined; ;) {
    const from = after
    const due = await database.once((tx) => tx.rows(findDueKeys(made_before, from)))
    for (const { id } of due) {
      const replace = () => unlessDamaged(damaged, id, () => database.transaction((tx) => replaceKey(tx, rotation, id)))
      let outcome = await replace()
      while (outcome === 'again') outcome = await replace()
      if (outcome === 'done' && (count += 1) % tellEvery === 0) say(`${count} patients have a new key.`)
    }
    after = due.at(-1)?.id
    if (due.length < batchKeys) return count
  }
}

function findDueKeys(made_before: string, after: string | undefined): Sql<{ id: string }> {
  return sql`
    select id from patient_keys
     where id > ${after ?? '00000000-0000-0000-0000-000000000000'} and created_at < ${made_before} and replaced_by is null
       and wrapped is not null
     order by id limit ${literal(batchKeys)}`
}

type PatientKey = StoredDataKey & { patient_id: string }

async function replaceKey(tx: Tx, { keys }: Rotation, id: string): Promise<'done' | 'not due' | 'again'> {
  // Patients before keys, in the order in which those who change, merge and erase take them.
  const patient = await tx.first(sql<{ id: string }>`
    select id from patients where id = (select patient_id from patient_keys where id = ${id}) for no key update`)
  const old = await tx.first(sql<PatientKey>`
    select id, patient_id, kek_id, wrapped from patient_keys
     where id = ${id} and wrapped is not null and replaced_by is null for no key update`)
  if (!old) return 'not due'
  // A merge, or its undoing, that was waited for has given the key to a patient who is not locked.
  if (old.patient_id !== patient?.id) return 'again'
  const from = openDataKey(keys.keyring, old)
  const { key, ...made } = newDataKey(keys.keyring)
  const to = { id: made.id, key }
  await tx.run(sql`
    insert into patient_keys (id, patient_id, kek_id, wrapped) values (${made.id}, ${old.patient_id}, ${made.kek_id}, ${made.wrapped})`)
  for (const sealed of patientSealedTables) {
    const own = sql`${named(sealed.patient)} = ${old.patient_id} and ${named(sealed.key)} = ${id}`
    for (const row of await tx.rows(lockSealed(sealed, own))) await sealAnew(tx, sealed, row, from, to)
  }
  // Whatever was replaced by the old key is replaced by the new one, so that nobody has to follow a chain.
  await tx.run(sql`update patient_keys set replaced_by = ${made.id} where id = ${id} or replaced_by = ${id}`)
  await tx.run(noteInMerges(old.patient_id, id, made.id))
  return 'done'
}

type SealedRow = { row_id: string; key_id: string } & Record<string, string | Buffer | null>

function lockSealed({ table, row_id, key, columns }: SealedTable, where: Sql): Sql<SealedRow> {
  const list = columns.reduce(
    (joined, column) => sql`${joined}, ${named(column)}`,
    sql`${named(row_id)} as row_id, ${named(key)} as key_id`,
  )
  return sql`select ${list} from ${named(table)} where ${where} order by ${named(row_id)} for no key update`
}

async function sealAnew(
  tx: Tx,
  { table, row_id, key, columns }: SealedTable,
  row: SealedRow,
  from: DataKey,
  to: DataKey,
) {
  const set = columns.reduce(
    (joined, column) => {
      const place = { table, column, row_id: row.row_id }
      const value = row[column]
      return sql`${joined}, ${named(column)} = ${Buffer.isBuffer(value) ? seal(to, place, open(from, place, value)) : null}`
    },
    sql`${named(key)} = ${to.id}`,
  )
  await tx.run(sql`update ${named(table)} set ${set} where ${named(row_id)} = ${row.row_id}`)
}

/**
 * A merge that is undone moves back the keys that it moved: the successor of such a key goes with it, through all merges by which
 * it came.
 */
function noteInMerges(patient_id: string, old: string, made: string): Sql {
  return sql`
    update patient_merges set journal =
      case when journal #> '{tables,patient_keys,moved}' @> ${JSON.stringify([{ id: old }])}::jsonb
           then jsonb_set(journal, '{tables,patient_keys,moved}', (journal #> '{tables,patient_keys,moved}') || ${JSON.stringify([{ id: made, version: null }])}::jsonb)
           when journal #> '{tables,patient_keys,had}' @> ${JSON.stringify([old])}::jsonb
           then jsonb_set(journal, '{tables,patient_keys,had}', (journal #> '{tables,patient_keys,had}') || ${JSON.stringify([made])}::jsonb)
           else journal end
     where survivor_id = any(openward.records_of(${patient_id})) and unmerged_at is null`
}

/** Rows that were written with an older key meanwhile, or that belong to somebody else since a merge. How many there were. */
async function sealStragglers({ database, keys }: Rotation, damaged: Damaged): Promise<number> {
  let count = 0
  for (const sealed of patientSealedTables) {
    for (let after: string | undefined; ;) {
      const from = after
      const found = await database.once((tx) => tx.rows(findStragglers(sealed, from)))
      for (const { row_id, old_id } of found) {
        if (damaged.has(old_id)) continue
        await unlessDamaged(damaged, old_id, () =>
          database.transaction(async (tx) => {
            const row = (await tx.rows(lockSealed(sealed, sql`${named(sealed.row_id)} = ${row_id}`)))[0]
            const [old, current] = row ? await tx.rows(findWithSuccessor(row.key_id)) : []
            if (!row || !old || !current) return
            await sealAnew(tx, sealed, row, openDataKey(keys.keyring, old), openDataKey(keys.keyring, current))
            count += 1
          }),
        )
      }
      after = found.at(-1)?.row_id
      if (found.length < batchRows) break
    }
  }
  return count
}

function findStragglers(
  { table, row_id, key }: SealedTable,
  after: string | undefined,
): Sql<{ row_id: string; old_id: string }> {
  return sql`
    select t.${named(row_id)} as row_id, k.id as old_id from ${named(table)} t join patient_keys k on k.id = t.${named(key)}
     where k.replaced_by is not null and k.wrapped is not null and t.${named(row_id)} > ${after ?? '00000000-0000-0000-0000-000000000000'}
     order by t.${named(row_id)} limit ${literal(batchRows)}`
}

/** The key and the one that took its place. */
function findWithSuccessor(id: string): Sql<StoredDataKey> {
  return sql`
    select key.id, key.kek_id, key.wrapped from patient_keys old join patient_keys key on key.id in (old.id, old.replaced_by)
     where old.id = ${id} and key.wrapped is not null order by key.id = old.id desc for no key update of key`
}

async function unlessDamaged<T>(damaged: Damaged, key_id: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof IntegrityError || error instanceof KeyUnavailable)) throw error
    damaged.set(key_id, error.message)
    return undefined
  }
}

async function recordDamage({ database }: Rotation, damaged: Damaged) {
  if (damaged.size === 0) return
  await database.once(async (tx) => {
    for (const id of damaged.keys())
      tx.audit({
        action: 'integrity.failed',
        resource_type: 'key',
        resource_id: id,
        outcome: 'failure',
        details: { during: 'keys.rotate' },
      })
  })
}
