import { all, countOf, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'
import { isToldToPatient } from '#modules/patients'
import type { AuditLogEntry, AuditLogQuery } from './audit-log.contract.ts'

/** Somebody who sees the log of their own record only. */
export type OwnLog = { user_id: string | undefined; patient_id: string | undefined }

function matching(
  { user_id, patient_id, action, outcome, correlation_id, from, to }: AuditLogQuery,
  own: OwnLog | undefined,
): Sql {
  return all([
    own && sql`patient_id = any(openward.records_of(${own.patient_id}))`,
    own && isToldToPatient,
    user_id === undefined ? undefined : sql`user_id = ${user_id}`,
    // What is not shown is not searched by either.
    own && user_id !== undefined ? sql`(role is distinct from 'patient' or user_id = ${own.user_id})` : undefined,
    patient_id === undefined ? undefined : sql`patient_id = ${patient_id}`,
    action === undefined ? undefined : sql`action = ${action}`,
    outcome === undefined ? undefined : sql`outcome = ${outcome}`,
    correlation_id === undefined ? undefined : sql`correlation_id = ${correlation_id}`,
    from === undefined ? undefined : sql`timestamp >= ${from}`,
    to === undefined ? undefined : sql`timestamp < ${to}`,
  ])
}

export type AuditLogRow = Omit<AuditLogEntry, 'user_name'> & {
  profile_key_id: string | null
  sealed_profile: Buffer | null
}

/** Newest first; ids are made in the order of time. `before` is the id that the last page ended with. */
export function findAuditLogs(
  query: AuditLogQuery,
  before: string | undefined,
  own: OwnLog | undefined,
): Sql<AuditLogRow> {
  const where = all([matching(query, own), before === undefined ? undefined : sql`id < ${before}`])
  return sql`
    select e.id, e.timestamp, e.user_id, e.role, e.session_id, host(e.ip_address) as ip_address, e.user_agent, e.action, e.resource_type,
           e.resource_id, e.patient_id, p.patient_number, e.outcome, e.purpose, e.correlation_id,
           e.sealed_changes is not null as has_changes, e.details, u.key_id as profile_key_id, u.sealed_profile
      from (select * from audit_logs where ${where}
             order by id desc limit ${literal(query.limit)} offset ${skipped(before ? 0 : query.skip)}) as e
      left join users u on u.id = e.user_id
      left join patients p on p.id = e.patient_id
     order by e.id desc`
}

export function countAuditLogs(query: AuditLogQuery, own: OwnLog | undefined): Sql<{ total: number }> {
  return countOf(sql`audit_logs where ${matching(query, own)}`)
}

export function findPatientByNumber(patient_number: string): Sql<{ patient_id: string; patient_number: string }> {
  return sql`select id as patient_id, patient_number from patients where patient_number = ${patient_number}`
}

export type StoredRootKey = { id: string; public_key: string; kek_id: string; wrapped: Buffer; is_current: boolean }

export function findRootKeys(): Sql<StoredRootKey> {
  return sql`
    select id, public_key, kek_id, wrapped, retired_at is null as is_current from signing_keys
     where purpose = 'audit_root' order by created_at desc`
}

export function insertRootKey(key: { id: string; public_key: string; kek_id: string; wrapped: Buffer }): Sql {
  return sql`
    insert into signing_keys (id, purpose, public_key, kek_id, wrapped)
    values (${key.id}, 'audit_root', ${key.public_key}, ${key.kek_id}, ${key.wrapped}) on conflict do nothing`
}
