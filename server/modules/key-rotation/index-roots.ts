// A new index root: known to every server first, then written beside the old one while the tokens that are missing are made,
// and only then are the old root and its tokens gone. Every search asks by all roots meanwhile, so that none misses.
import { literal, type Sql, sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { newIndexRoot } from '#platform/encryption/index-root.ts'
import type { TokenSource } from '#platform/encryption/token-source.ts'
import { userTokenSource } from '#modules/identity'
import { insuranceTokenSource, patientTokenSource } from '#modules/patients'
import {
  alone,
  finish,
  instantOf,
  named,
  type Outcome,
  resumeOrBegin,
  type Rotation,
  type Run,
  saveState,
  settle,
} from './rotation.ts'

export const tokenSources: readonly TokenSource[] = [patientTokenSource, insuranceTokenSource, userTokenSource]

/** `retired_at` once the older roots are no longer written and searched. */
type State = { version: number; made_at: string; retired_at?: string }

const batchOwners = 200
const tellEvery = 5000
const batchTokens = 5000

/** Safe to interrupt and to run again. */
export async function rotateIndexRoot(rotation: Rotation): Promise<Outcome> {
  const { database, keys, say } = rotation
  return alone(rotation, async () => {
    const now = await instantOf(rotation)
    const run = await resumeOrBegin<State>(rotation, 'index', async (tx) => ({
      version: await makeRoot(tx, rotation),
      made_at: now,
    }))
    let { state } = run
    // Whoever writes by then writes tokens of both roots, so that what is made here is all that lacks.
    if (!state.retired_at) await settle(rotation, state.made_at)
    await keys.reload()
    let unfinished = await backfill(rotation, state.version)
    if (unfinished.length === 0 && !state.retired_at) state = await retire(rotation, run, state)
    if (state.retired_at) await settle(rotation, state.retired_at)
    if (unfinished.length === 0) {
      // What was written in between by whoever was on their way.
      unfinished = await backfill(rotation, state.version)
    }
    if (unfinished.length > 0) return { unfinished }
    const deleted = await deleteOld(rotation, state.version)
    await database.once((tx) => tx.run(sql`delete from index_roots where version < ${state.version}`))
    await finish(rotation, 'index', run, { version: state.version, deleted })
    say(`Every token is of root ${state.version}; ${deleted} older ones are deleted.`)
    return { unfinished }
  })
}

async function makeRoot(tx: Tx, { keys }: Rotation): Promise<number> {
  const newest = await tx.first(sql<{ version: number }>`select max(version) as version from index_roots`)
  const { version, kek_id, wrapped } = newIndexRoot(keys.keyring, (newest?.version ?? 0) + 1)
  await tx.run(sql`insert into index_roots (version, kek_id, wrapped) values (${version}, ${kek_id}, ${wrapped})`)
  return version
}

async function retire(rotation: Rotation, run: Run<State>, state: State): Promise<State> {
  const retired = { ...state, retired_at: await instantOf(rotation) }
  await rotation.database.transaction(async (tx) => {
    await tx.run(sql`update index_roots set retired_at = now() where version < ${state.version} and retired_at is null`)
    await saveState(tx, run, retired)
  })
  rotation.say(`The roots before ${state.version} are retired.`)
  return retired
}

/** Again and again, until a pass finds nothing that lacks; returns what cannot be made. */
async function backfill(rotation: Rotation, version: number): Promise<string[]> {
  const unfinished: string[] = []
  for (const source of tokenSources) {
    const unreadable = new Set<string>()
    for (;;) {
      const { done, stuck } = await backfillPass(rotation, source, version, unreadable)
      if (done === 0) {
        for (const id of [...unreadable, ...stuck])
          unfinished.push(
            `${source.table}: the tokens of ${id} cannot be made: look at this record, mend or restore it, and run this again`,
          )
        break
      }
    }
  }
  return unfinished
}

async function backfillPass(
  { database, keys, say }: Rotation,
  source: TokenSource,
  version: number,
  unreadable: Set<string>,
) {
  let done = 0
  const stuck: string[] = []
  for (let after: string | undefined; ;) {
    const from = after
    const lacking = await database.once((tx) => tx.rows(findLacking(source, version, from)))
    const ids = lacking.map(({ id }) => id).filter((id) => !unreadable.has(id))
    if (ids.length > 0) {
      for (const id of await database.transaction((tx) => source.backfill(tx, keys, ids))) unreadable.add(id)
      const still = await database.once((tx) => tx.rows(findLacking(source, version, undefined, ids)))
      stuck.push(...still.map(({ id }) => id).filter((id) => !unreadable.has(id)))
      const before = done
      done += ids.length - still.length
      if (Math.floor(done / tellEvery) > Math.floor(before / tellEvery)) say(`${source.table}: ${done} are done.`)
    }
    after = lacking.at(-1)?.id
    if (lacking.length < batchOwners) return { done, stuck }
  }
}

/** Owners with fewer tokens of this version than of an older one, of any kind. */
function findLacking(
  { table, owner, has_kinds }: TokenSource,
  version: number,
  after?: string,
  among?: readonly string[],
): Sql<{ id: string }> {
  const by = has_kinds ? sql`${named(owner)}, kind` : named(owner)
  const where = among
    ? sql`${named(owner)} = any(${among}::uuid[])`
    : sql`${named(owner)} > ${after ?? '00000000-0000-0000-0000-000000000000'}`
  return sql`
    select distinct id from (
      select ${named(owner)} as id from ${named(table)} where ${where} group by ${by}
      having count(*) filter (where key_version = ${version}) * greatest(count(distinct key_version) filter (where key_version < ${version}), 1)
             < count(*) filter (where key_version < ${version})
    ) as lacking order by id limit ${literal(batchOwners)}`
}

async function deleteOld({ database }: Rotation, version: number): Promise<number> {
  let count = 0
  for (const { table } of tokenSources) {
    for (let deleted = batchTokens; deleted > 0;) {
      deleted = await database.once((tx) =>
        tx.run(
          sql`delete from ${named(table)} where ctid in (select ctid from ${named(table)} where key_version < ${version} limit ${literal(batchTokens)})`,
        ),
      )
      count += deleted
    }
  }
  return count
}
