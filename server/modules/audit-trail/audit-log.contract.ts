// Reading and proving the audit log.
import { z } from 'zod'
import { Id, Instant, ListOf, Page, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem } from '#platform/contract/problem.ts'

export const Outcome = z.enum(['success', 'denied', 'failure'])

export const AuditLogEntry = z.object({
  id: Id,
  timestamp: Instant,
  user_id: Id.nullable(),
  user_name: z.string().nullable().describe('For who sees the whole log; null where the account does not open'),
  role: z.string().nullable(),
  session_id: Id.nullable(),
  ip_address: z.string().nullable(),
  user_agent: z.string().nullable(),
  action: z.string().meta({ examples: ['patient.read'] }),
  resource_type: z.string(),
  resource_id: Id.nullable(),
  patient_id: Id.nullable(),
  patient_number: z.string().nullable().describe('For who sees the whole log'),
  outcome: Outcome,
  purpose: z.string().nullable().describe('BTG: emergency access'),
  correlation_id: z.string(),
  has_changes: z.boolean(),
  details: z.record(z.string(), z.unknown()).nullable(),
})
export type AuditLogEntry = z.output<typeof AuditLogEntry>

export const AuditLogQuery = z.strictObject({
  ...Page,
  user_id: Id.optional(),
  patient_id: Id.optional(),
  action: Text(80).optional(),
  outcome: Outcome.optional(),
  correlation_id: Text(64).optional(),
  from: Instant.optional(),
  to: Instant.optional(),
})
export type AuditLogQuery = z.output<typeof AuditLogQuery>

export const SubjectQuery = z.strictObject({
  q: Text(100, 2).describe('Part of the name of somebody who works here, or the whole number of a patient'),
})
export const Subjects = z.object({
  users: z.array(z.object({ user_id: Id, user_name: z.string() })).describe('By name, twenty at most'),
  patients: z.array(z.object({ patient_id: Id, patient_number: z.string() })),
})
export type Subjects = z.output<typeof Subjects>

const AuditFinding = z.object({
  kind: z.string(),
  seq: z.int().nullable(),
  last_seq: z.int().nullable(),
  entry_id: z.string().nullable(),
  reason: z.string(),
})
export const AuditVerdict = z.object({
  is_whole: z.boolean(),
  whole_entries: z.int(),
  purged_entries: z.int().describe('Gone after their time, as a signed statement says'),
  purges: z.array(
    z.object({
      first_seq: z.int(),
      last_seq: z.int(),
      purged_at: Instant,
      kept_years: z.int(),
      by: z.string(),
      reason: z.string(),
    }),
  ),
  unsealed_entries: z.int(),
  roots: z.int(),
  agreeing_outside_roots: z.int(),
  unread_roots: z
    .array(z.enum(['OPENWARD_DATA_DIR', 'OPENWARD_AUDIT_ROOTS_DIR']))
    .describe('Places whose roots are gone or could not be read, so that the log was not compared with them'),
  findings: z.array(AuditFinding).describe('In the order of the log; the first is the first entry at fault'),
  findings_total: z.int(),
})
export type AuditVerdict = z.output<typeof AuditVerdict>

export const AuditRoots = z.object({
  keys: z.array(z.string()).describe('Public keys as verifiers of signed notes take them'),
  items: z.array(
    z.object({
      tree_size: z.int(),
      sealed_at: Instant,
      text: z.string().describe('The signed root: keep a copy elsewhere'),
    }),
  ),
})
export type AuditRoots = z.output<typeof AuditRoots>

export const verificationRunning = defineProblem(
  'verification_running',
  409,
  'The log is being verified already: ask again when it is done',
)

export const auditLogApi = {
  list: {
    method: 'GET',
    path: '/api/v1/audit-logs',
    summary: 'Who did what, newest first',
    description:
      'Patients see the entries of their own record; of what others did they see neither address, device and session, nor which other patient it was.',
    access: 'audit:read',
    audit: { action: 'audit_log.list', resource_type: 'audit_log' },
    query: AuditLogQuery,
    returns: [200, ListOf(AuditLogEntry)],
    problems: [],
  },
  subjects: {
    method: 'POST',
    path: '/api/v1/audit-logs/subjects',
    summary: 'Whom the log may be asked about: people who work here by name, a patient by number',
    description: 'Their ids, to ask the log with: neither names nor numbers stand in an address.',
    access: 'audit:review',
    audit: { action: 'audit_log.find_subjects', resource_type: 'audit_log', reads: true },
    body: SubjectQuery,
    example: { q: 'lovelace' },
    returns: [200, Subjects],
    problems: [],
  },
  verify: {
    method: 'GET',
    path: '/api/v1/audit-logs/verify',
    summary: 'Prove that no entry was altered, removed, added or back-dated',
    access: 'audit:verify',
    audit: { action: 'audit_log.verify', resource_type: 'audit_log' },
    returns: [200, AuditVerdict],
    problems: [verificationRunning],
    limit_per_minute: 20,
  },
  roots: {
    method: 'GET',
    path: '/api/v1/audit-logs/roots',
    summary: 'The latest signed roots, to be kept outside',
    access: 'audit:verify',
    audit: { action: 'audit_log.roots', resource_type: 'audit_log' },
    returns: [200, AuditRoots],
    problems: [],
  },
} as const satisfies Api
