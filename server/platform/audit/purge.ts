// Taking entries out of the log when their time is over: a whole beginning of it, up to a root that is old enough, under a signed
// statement. As the owner of the database only; whoever serves requests cannot delete an entry.
import { certain } from '#platform/certain.ts'
import { formatPurge, leastKeptYears, type SignedPurge } from './purge-statement.ts'
import { readPurges, type RefusedPurge } from './purge.store.ts'
import type { RootSigner, TrustedKeys } from './root.ts'
import { type AuditConnection, findRoot, type StoredRoot, withWholeLog } from './root.store.ts'
import { requireSealLock } from './seal.ts'

/** Nothing was purged, and why. */
export class PurgeRefused extends Error {
  override name = 'PurgeRefused'
}

export type PurgeOptions = {
  /** Entries under a root that is younger stay. */
  kept_years: number
  by: string
  reason: string
  /** Counts only. */
  dry_run: boolean
}

export type Purged = { first_seq: number; last_seq: number; entries: number; sealed_at: string; statement?: string }

/**
 * Purges what is old enough; undefined when nothing is. `db` is one connection of the owner that is in no transaction.
 * @throws PurgeRefused while a patient of one of the entries is under legal hold, or the log is not whole
 */
export async function purgeAudit(
  db: AuditConnection,
  signer: RootSigner,
  keys: TrustedKeys,
  { kept_years, by, reason, dry_run }: PurgeOptions,
): Promise<Purged | undefined> {
  if (kept_years < leastKeptYears) throw new PurgeRefused(`entries are kept for ${leastKeptYears} years at least`)
  return withWholeLog(db, 'read committed', async () => {
    await requireSealLock(db)
    const { believed, refused } = await readPurges(db, keys)
    const [wrong = await findForeign(db, believed)] = refused
    if (wrong) throw new PurgeRefused(`${wrong.reason} (entries up to ${wrong.last_seq}): verify the log first`)
    const first_seq = (believed.at(-1)?.last_seq ?? 0) + 1
    const { last_seq: last, now } = await findDue(db, kept_years)
    if (last === undefined || last < first_seq) return undefined
    const root = certain(await findRoot(db, last), 'root of the entries to purge')
    await gatherPatients(db, last)
    await refuseUnderHold(db)
    const purged = { first_seq, last_seq: last, entries: await countEntries(db, last), sealed_at: root.sealed_at }
    if (dry_run) return purged
    const statement = formatPurge(
      {
        first_seq,
        last_seq: last,
        root_hash: root.root_hash,
        sealed_at: root.sealed_at,
        kept_years,
        purged_at: now,
        by,
        reason,
      },
      signer,
    )
    await db.query('insert into audit_purges (last_seq, statement) values ($1, $2)', [last, statement])
    await deleteEntries(db, last)
    await recordPurge(db, purged, root)
    // A hold may have come while entries were deleted; from here on none comes before the commit.
    await db.query('lock table patients in share mode')
    await refuseUnderHold(db)
    return { ...purged, statement }
  })
}

/** A statement that was signed for a log whose roots are others. */
async function findForeign(db: AuditConnection, purges: readonly SignedPurge[]): Promise<RefusedPurge | undefined> {
  for (const { last_seq, root_hash } of purges) {
    const root = await findRoot(db, last_seq)
    if (!root?.root_hash.equals(root_hash)) return { last_seq, reason: 'the purge statement is of another log' }
  }
  return undefined
}

/** The largest root that is old enough, and what time it is. */
async function findDue(db: AuditConnection, keptYears: number) {
  const { rows } = await db.query(
    `select to_char(at.now at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as now,
            (select max(tree_size)::text from audit_roots
              where sealed_at <= (at.now at time zone 'UTC' - make_interval(years => $1)) at time zone 'UTC') as last_seq
       from (select clock_timestamp() as now) as at`,
    [keptYears],
  )
  const [row] = rows as { now: string; last_seq: string | null }[]
  const { now, last_seq } = certain(row, 'time of the database')
  return {
    now: Temporal.Instant.from(now).toString(),
    last_seq: last_seq === null ? undefined : Number(last_seq),
  }
}

/** Everyone whom an entry names: whose record it was, and whom a list showed. */
async function gatherPatients(db: AuditConnection, lastSeq: number) {
  await db.query(`create temporary table purged_patients (id uuid primary key, entries bigint not null) on commit drop`)
  await db.query(
    `insert into purged_patients
     select named.id, count(*) from audit_leaves l join audit_logs e on e.id = l.entry_id
       cross join lateral (
         select e.patient_id as id where e.patient_id is not null
         union select shown.id::uuid from jsonb_array_elements_text(
           case when jsonb_typeof(e.details -> 'patient_ids') = 'array' then e.details -> 'patient_ids' end) as shown (id)) as named
      where l.seq <= $1 group by named.id`,
    [lastSeq],
  )
}

/** A hold is on everything that is one person by merging. @throws PurgeRefused */
async function refuseUnderHold(db: AuditConnection) {
  const { rows } = await db.query(`
    with recursive above as (
      select id, merged_into from patients where legal_hold
      union select p.id, p.merged_into from above join patients p on p.id = above.merged_into),
    held as (select distinct unnest(openward.records_of(id)) as id from above where merged_into is null)
    select count(*)::int as patients, coalesce(sum(entries), 0)::int as entries from purged_patients join held using (id)`)
  const { patients, entries } = certain((rows as { patients: number; entries: number }[])[0], 'count of holds')
  if (patients > 0)
    throw new PurgeRefused(
      `${entries} entries are of ${patients} patients under legal hold, so nothing was purged: purge again when the holds are lifted`,
    )
}

async function countEntries(db: AuditConnection, lastSeq: number): Promise<number> {
  const { rows } = await db.query(
    'select count(*)::int as count from audit_leaves l join audit_logs e on e.id = l.entry_id where l.seq <= $1',
    [lastSeq],
  )
  return certain((rows as { count: number }[])[0], 'count of entries').count
}

async function deleteEntries(db: AuditConnection, lastSeq: number) {
  await db.query('delete from audit_logs e using audit_leaves l where l.entry_id = e.id and l.seq <= $1', [lastSeq])
}

/** The log says of itself that it was purged. */
async function recordPurge(db: AuditConnection, { first_seq, last_seq, entries }: Purged, root: StoredRoot) {
  await db.query(
    `insert into audit_logs (role, action, resource_type, outcome, correlation_id, details)
     values ('system', 'audit_log.purge', 'audit_log', 'success', 'audit-purge', $1)`,
    [JSON.stringify({ first_seq, last_seq, count: entries, root: root.root_hash.toString('base64') })],
  )
}
