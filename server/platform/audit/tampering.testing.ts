// For the audit log's tests: what someone with all rights on the database might do to it.
import type pg from 'pg'
import { type EntryTexts, entryColumns, hashEntry } from './leaf.ts'
import { appendLeaf, emptyFrontier, rootOfFrontier } from './merkle.ts'
import { hashOfRoot, type RootSigner, type SignedRoot, signRoot } from './root.ts'
import { eachRoot, insertRoot } from './root.store.ts'
import type { SealedLog } from './testing.ts'

/** Builds every leaf and root anew from the entries as they are, as someone who holds a key could: same sizes and instants. */
export async function rewriteLog(client: pg.Client, signer: RootSigner, roots: SignedRoot[]): Promise<void> {
  const { rows } = await client.query<EntryTexts & { seq: string }>(
    `select l.seq, ${entryColumns} from audit_leaves l join audit_logs e on e.id = l.entry_id order by l.seq`,
  )
  await client.query('truncate audit_roots')
  const frontier = emptyFrontier()
  let previous_hash: Buffer | null = null
  for (const row of rows) {
    const leafHash = hashEntry(row)
    appendLeaf(frontier, leafHash)
    await client.query('update audit_leaves set leaf_hash = $1 where seq = $2', [leafHash, row.seq])
    const root = roots.find(({ tree_size }) => tree_size === frontier.size)
    if (root === undefined) continue
    const rewritten = signRoot({ ...root, root_hash: rootOfFrontier(frontier), previous_hash }, signer)
    await insertRoot(client, rewritten, '3', frontier)
    previous_hash = hashOfRoot(rewritten)
  }
}

/** As if these roots had been sealed so long before, signed anew: published roots of before are of another log then. */
export async function ageRoots(client: pg.Client, signer: RootSigner, years: number, to: number, from = 0) {
  const roots: SignedRoot[] = []
  for await (const root of eachRoot(client, 0)) roots.push(root)
  let previous_hash: Buffer | null = null
  for (const [index, root] of roots.entries()) {
    const aged = Temporal.Instant.from(root.sealed_at).toZonedDateTimeISO('UTC').subtract({ years }).toInstant()
    const sealed_at: string = index >= from && index < to ? aged.toString() : root.sealed_at
    const signed: SignedRoot = signRoot({ ...root, sealed_at, previous_hash }, signer)
    await client.query(
      'update audit_roots set sealed_at = $2, previous_hash = $3, key_id = $4, signature = $5 where tree_size = $1',
      [signed.tree_size, signed.sealed_at, signed.previous_hash, signed.key_id, signed.signature],
    )
    previous_hash = hashOfRoot(signed)
  }
}

/** Removes entries `from` to `to` with their leaves. */
export async function removeEntries(log: SealedLog, from: number, to: number) {
  await log.owner.query(
    'delete from audit_logs where id in (select entry_id from audit_leaves where seq between $1 and $2)',
    [from, to],
  )
  await log.owner.query('delete from audit_leaves where seq between $1 and $2', [from, to])
}

/** Leaves 20 entries under two roots. */
export async function cutTail(log: SealedLog) {
  await removeEntries(log, 21, 30)
  await log.owner.query('delete from audit_roots where tree_size > 20')
}

/** Alters entry 15 and signs everything anew. */
export async function rewriteWithKey(log: SealedLog) {
  await log.owner.query(`update audit_logs set action = 'x' where id = $1`, [log.ids[14]])
  await rewriteLog(log.owner, log.signer, log.published)
}

/** Makes one leaf agree with its entry again. */
export async function rewriteLeaf(log: SealedLog, seq: number) {
  const { rows } = await log.owner.query(
    `select ${entryColumns} from audit_logs e join audit_leaves l on l.entry_id = e.id where l.seq = $1`,
    [seq],
  )
  await log.owner.query('update audit_leaves set leaf_hash = $1 where seq = $2', [hashEntry(rows[0]), seq])
}

/** Exchanges columns of two leaves. */
export async function swapLeaves(log: SealedLog, one: number, other: number, columns: string[]) {
  await log.owner.query('create table swapping as select * from audit_leaves where seq = any($1)', [[one, other]])
  await log.owner.query('update audit_leaves set entry_id = uuidv7() where seq = any($1)', [[one, other]])
  const assignments = ['entry_id', 'leaf_hash'].map(
    (column) =>
      `${column} = (select ${column} from swapping where seq = ${columns.includes(column) ? '$2' : '$1'}::bigint)`,
  )
  for (const [to, from] of [
    [one, other],
    [other, one],
  ]) {
    await log.owner.query(`update audit_leaves set ${assignments.join()} where seq = $1 and $2::bigint > 0`, [to, from])
  }
}
