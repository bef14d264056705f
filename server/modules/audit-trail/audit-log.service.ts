import { readLastRoots } from '#platform/audit/publish.ts'
import { formatRoot } from '#platform/audit/root.ts'
import { type Context } from '#platform/context.ts'
import { Problem } from '#platform/contract/problem.ts'
import { decodeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { nameOfAccount, readStaffNames } from '#modules/identity'
import {
  type AuditLogEntry,
  type AuditLogQuery,
  type AuditRoots,
  type AuditVerdict,
  type Subjects,
  verificationRunning,
} from './audit-log.contract.ts'
import { type AuditLogRow, countAuditLogs, findAuditLogs, findPatientByNumber } from './audit-log.store.ts'
import type { AuditSealing } from './sealing.ts'
import { rootsFile } from './verification.ts'

/** Entries in the caller's reach: all, or those of the patient's own record. */
export async function listAuditLogs(ctx: Context, query: AuditLogQuery) {
  const before = decodeCursor(query.cursor)
  const own = ctx.reach === 'own' ? { user_id: ctx.actor.user_id, patient_id: ctx.actor.patient_id } : undefined
  const [rows, { total }] = await ctx.database.once((tx) =>
    Promise.all([tx.rows(findAuditLogs(query, before, own)), tx.one(countAuditLogs(query, own))]),
  )
  const items = rows.map((row) =>
    ctx.reach === 'all' ? named(ctx, row) : shownToPatient(unnamed(row), ctx.actor.user_id),
  )
  ctx.saw({ patient_id: query.patient_id, details: { count: items.length, filters: Object.keys(query).sort() } })
  return {
    items,
    total,
    page: Math.floor(query.skip / query.limit) + 1,
    limit: query.limit,
    next_cursor: items.length === query.limit ? encodeCursor(items.at(-1)?.id) : null,
  }
}

function unnamed({ profile_key_id: _key, sealed_profile: _sealed, ...entry }: AuditLogRow): AuditLogEntry {
  return { ...entry, user_name: null, patient_number: null }
}

function named({ system: { keys } }: Context, row: AuditLogRow): AuditLogEntry {
  const { user_id, profile_key_id: key_id, sealed_profile, patient_number } = row
  const user_name =
    user_id && key_id && sealed_profile ? nameOfAccount(keys, { id: user_id, key_id, sealed_profile }) : null
  return { ...unnamed(row), user_name, patient_number }
}

const mostSubjects = 20

/** Names are sealed: those of everybody who works here are opened to find a part of one. */
export async function findSubjects(ctx: Context, q: string): Promise<Subjects> {
  const wanted = plain(q)
  const number = q.toUpperCase().replace(/^PT-?(\d{8})-?/, 'PT-$1-')
  const [names, patient] = await Promise.all([
    readStaffNames(ctx.database, ctx.system),
    ctx.database.once((tx) => tx.first(findPatientByNumber(number))),
  ])
  const users = [...names]
    .map(([user_id, { first_name, last_name }]) => ({ user_id, user_name: `${first_name} ${last_name}`.trim() }))
    .filter(({ user_name }) => plain(user_name).includes(wanted))
    .toSorted((one, other) => one.user_name.localeCompare(other.user_name))
    .slice(0, mostSubjects)
  ctx.saw({ patient_id: patient?.patient_id, details: { users: users.length } })
  return { users, patients: patient ? [patient] : [] }
}

/** Letters without marks and case. */
function plain(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
}

/** Who works here is the patient's to know; from where they work, and which other patient tried, is not. */
function shownToPatient(entry: AuditLogEntry, self: string | undefined): AuditLogEntry {
  if (entry.user_id === self) return entry
  const user_id = entry.role === 'patient' ? null : entry.user_id
  return { ...entry, user_id, session_id: null, ip_address: null, user_agent: null }
}

let verifying = false

/** @throws Problem verificationRunning: it reads the whole log, so one at a time */
export async function verifyAuditLog(ctx: Context, sealing: AuditSealing): Promise<AuditVerdict> {
  if (verifying) throw new Problem(verificationRunning, { retry_after_seconds: 5 })
  verifying = true
  try {
    const { last_root: _, first: _first, purges: statements, ...verdict } = await sealing.verify()
    const purges = statements.map(({ first_seq, last_seq, purged_at, kept_years, by, reason }) => {
      return { first_seq, last_seq, purged_at, kept_years, by, reason }
    })
    ctx.saw({ details: { is_whole: verdict.is_whole, whole_entries: verdict.whole_entries } })
    return { ...verdict, purges }
  } finally {
    verifying = false
  }
}

/** The last hundred published roots and the keys that signed them. */
export async function listRoots(ctx: Context, sealing: AuditSealing): Promise<AuditRoots> {
  await ctx.database.once(async () => undefined)
  const newest = await readLastRoots(rootsFile(ctx.system.configuration), 100).catch((error: NodeJS.ErrnoException) => {
    // None is sealed yet.
    if (error.code === 'ENOENT') return []
    throw error
  })
  const items = newest.map((root) => ({ tree_size: root.tree_size, sealed_at: root.sealed_at, text: formatRoot(root) }))
  return { keys: sealing.keys, items: items.toReversed() }
}
