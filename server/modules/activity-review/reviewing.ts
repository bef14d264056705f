// The review: what was sealed since the last run is looked through in batches, each in a transaction of its own together with what
// was found in it, so that a run which is cut off is gone on with where it ended.
import { setImmediate as turn } from 'node:timers/promises'
import type { System } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import { type Database, scopedDatabase, type Tx } from '#platform/database/transaction.ts'
import { defineSchedule } from '#platform/jobs/job.ts'
import { queueMail } from '#platform/mail/queue.ts'
import { addressesOf, linkTo, readStaffNames } from '#modules/identity'
import { tryOpenCard } from '#modules/patients'
import { densest } from './densest.ts'
import { type Observation, upsertFindings } from './finding.store.ts'
import { indexStaff, relationOf, type StaffIndex } from './relation.ts'
import {
  type AccessRow,
  type ActiveRow,
  closeReviewed,
  countUntold,
  findAccesses,
  findActive,
  findBatch,
  findPeople,
  findReads,
  findRefusals,
  findUnreviewed,
  type HappeningRow,
  lockPosition,
  saveCounted,
  saveSeen,
  saveTold,
  type Since,
} from './reviewing.store.ts'

export const reviewSchedule = defineSchedule({ name: 'activity.review', every_seconds: 300 })

const seenTogether = 10_000
const countedTogether = 100_000
/** Opened in one turn of the event loop, in about 5 ms. */
const openedTogether = 250
const failuresWithinMinutes = 60
const limitMilliseconds = 60_000

type Step = { raised: number; isDone: boolean }

/** Looks through everything that was sealed since the last run. Returns how many findings are new. */
export async function reviewActivity(system: System, signal?: AbortSignal): Promise<number> {
  const database = reviewingDatabase(system)
  const staff = indexStaff(await readStaffNames(database, system))
  const seen = await untilDone(signal, () => database.transaction((tx) => reviewAccesses(tx, system, staff)))
  const counted = await untilDone(signal, () => database.transaction((tx) => reviewCounts(tx, system)))
  return seen + counted + (await database.transaction((tx) => reviewWaiting(tx, system)))
}

async function untilDone(signal: AbortSignal | undefined, work: () => Promise<Step>): Promise<number> {
  for (let total = 0; ;) {
    const { raised, isDone } = await work()
    total += raised
    if (isDone || signal?.aborted) return total
  }
}

function reviewingDatabase({ pool }: Pick<System, 'pool'>): Database {
  const enter = () =>
    sql`select openward.enter_as('all'), set_config('statement_timeout', ${String(limitMilliseconds)}, true)`
  return scopedDatabase(
    pool,
    { enter, answer_limit_ms: limitMilliseconds + 5000 },
    { audit: (entry) => ({ role: 'system', correlation_id: 'activity review', ...entry }) },
  )
}

/** What one entry shows by itself: whose record it was, and at which hour. */
async function reviewAccesses(tx: Tx, system: System, staff: StaffIndex): Promise<Step> {
  const { review, timezone } = system.configuration
  const { seq } = await tx.one(lockPosition())
  const { last_seq } = await tx.one(findBatch(seq, seenTogether))
  if (last_seq === null) return { raised: 0, isDone: true }
  const accesses = await tx.rows(findAccesses(seq, last_seq, { timezone, usual_hours: review.usual_hours }))
  const near = await relatedAccesses(tx, system, accesses, staff)
  const raised = await raise(tx, [...near, ...nightAccesses(accesses)], false)
  await tx.run(saveSeen(last_seq))
  return { raised, isDone: last_seq - seq < seenTogether }
}

/** What shows in the number of entries within some time only. */
async function reviewCounts(tx: Tx, system: System): Promise<Step> {
  const { mass_minutes, mass_reads, failed_sign_ins } = system.configuration.review
  const { counted_seq } = await tx.one(lockPosition())
  const { last_seq } = await tx.one(findBatch(counted_seq, countedTogether))
  if (last_seq === null) return { raised: 0, isDone: true }
  const active = await tx.rows(findActive(counted_seq, last_seq))
  const since = (pick: (row: ActiveRow) => string | null, minutes: number): Since[] =>
    active.flatMap((row) => {
      const first_at = pick(row)
      if (first_at === null) return []
      return [{ user_id: row.user_id, since: Temporal.Instant.from(first_at).subtract({ minutes }).toString() }]
    })
  const readers = since(({ opened_at }) => opened_at, mass_minutes)
  const refused = since(({ refused_at }) => refused_at, failuresWithinMinutes)
  const reads = readers.length === 0 ? [] : await tx.rows(findReads(readers, mass_reads))
  const refusals = refused.length === 0 ? [] : await tx.rows(findRefusals(refused, failed_sign_ins))
  const raised = await raise(
    tx,
    [
      ...above(reads, 'mass_read', mass_minutes, mass_reads),
      ...above(refusals, 'failed_sign_ins', failuresWithinMinutes, failed_sign_ins),
    ],
    true,
  )
  await tx.run(saveCounted(last_seq))
  return { raised, isDone: last_seq - counted_seq < countedTogether }
}

function above(
  rows: readonly HappeningRow[],
  kind: 'mass_read' | 'failed_sign_ins',
  minutes: number,
  limit: number,
): Observation[] {
  return [...Map.groupBy(rows, ({ user_id }) => user_id)].flatMap(([user_id, happenings]) => {
    const found = densest(happenings, minutes)
    if (!found || found.different < limit) return []
    const { first_at, last_at, different, count } = found
    const records = kind === 'mass_read' ? { records: different } : {}
    return [{ kind, user_id, first_at, last_at, entries: count, ...records }]
  })
}

async function relatedAccesses(
  tx: Tx,
  { keys }: System,
  accesses: readonly AccessRow[],
  staff: StaffIndex,
): Promise<Observation[]> {
  const observed: Observation[] = []
  const groups = [...Map.groupBy(accesses, ({ patient_id }) => patient_id)]
  for (let from = 0; from < groups.length; from += openedTogether) {
    const some = groups.slice(from, from + openedTogether)
    const people = new Map((await tx.rows(findPeople(some.map(([id]) => id)))).map((row) => [row.id, row]))
    for (const [patient_id, rows] of some) {
      const row = people.get(patient_id)
      const card = row && tryOpenCard(keys.keyring, row)
      if (!row || !card) continue
      for (const access of rows) {
        const near = relationOf(access.user_id, { ...card, staff_user_id: row.staff_user_id }, staff)
        const kind = near ?? (row.is_watched ? 'watched_record' : undefined)
        if (kind) observed.push({ ...stretchOf(access), kind, patient_id })
      }
    }
    await turn()
  }
  return merged(observed, ({ user_id, patient_id }) => `${user_id} ${patient_id}`)
}

function nightAccesses(accesses: readonly AccessRow[]): Observation[] {
  const observed = accesses.flatMap((access): Observation[] =>
    access.night_of === null ? [] : [{ ...stretchOf(access), kind: 'after_hours', night_of: access.night_of }],
  )
  return merged(observed, ({ user_id, night_of }) => `${user_id} ${night_of}`)
}

const stretchOf = ({ user_id, first_at, last_at, entries }: AccessRow) => ({ user_id, first_at, last_at, entries })

/** One observation of each key: a statement adds to a finding once. */
function merged(observed: readonly Observation[], keyOf: (one: Observation) => string): Observation[] {
  return [...Map.groupBy(observed, keyOf).values()].map((group) =>
    group.reduce((one, other) => ({
      ...one,
      first_at: earlier(one.first_at, other.first_at),
      last_at: earlier(one.last_at, other.last_at) === one.last_at ? other.last_at : one.last_at,
      entries: one.entries + other.entries,
    })),
  )
}

function earlier(one: string, other: string): string {
  return Temporal.Instant.compare(Temporal.Instant.from(one), Temporal.Instant.from(other)) <= 0 ? one : other
}

/** Emergency accesses that wait for their review, and telling those who review. */
async function reviewWaiting(tx: Tx, system: System): Promise<number> {
  const { told_at } = await tx.one(lockPosition())
  await tx.run(closeReviewed())
  const waiting = await tx.rows(findUnreviewed(system.configuration.review.emergency_hours))
  const raised = await raise(
    tx,
    waiting.map(({ id, user_id, patient_id, created_at }) => ({
      kind: 'emergency_access_unreviewed',
      user_id,
      patient_id,
      emergency_access_id: id,
      first_at: created_at,
      last_at: created_at,
      entries: 1,
    })),
    false,
  )
  const { untold, urgent, is_due } = await tx.one(countUntold(told_at))
  if (untold === 0 || (urgent === 0 && !is_due)) return raised
  const link = linkTo(system.configuration, 'activity_findings')
  for (const { user_id, email } of await addressesOf(tx, system, 'audit:review'))
    await queueMail(tx, system, { template: 'activity_findings', to: email, user_id, data: { count: untold, link } })
  await tx.run(saveTold())
  return raised
}

async function raise(tx: Tx, observed: readonly Observation[], recounted: boolean): Promise<number> {
  if (observed.length === 0) return 0
  const fresh = (await tx.rows(upsertFindings(observed, recounted))).filter(({ is_new }) => is_new)
  for (const { id, kind, user_id } of fresh) {
    // Without the patient: see closing.
    tx.audit({
      action: 'activity_finding.raise',
      resource_type: 'activity_finding',
      resource_id: id,
      details: { kind },
    })
    tx.emit({
      type: 'activity_finding.raised',
      subject_type: 'activity_finding',
      subject_id: id,
      payload: { kind, user_id },
    })
  }
  return fresh.length
}
