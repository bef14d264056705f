// What a handler is given: who asks, in which scope, and the few services that work stands on. Passed explicitly, never ambient.
import type { AuditEntry, AuditRecorder } from './audit/record.ts'
import type { Spool } from './audit/spool.ts'
import type { Configuration } from './configuration.ts'
import type { Pool } from './database/connection.ts'
import type { Gathered } from './database/gathered.ts'
import type { Counting } from './database/counting.ts'
import type { Database } from './database/transaction.ts'
import type { Keys } from './encryption/keys.ts'
import type { Log } from './logging.ts'
import type { Scanner } from './scanning/scanner.ts'
import type { Storage } from './storage/storage.ts'
import type { Tracing } from './tracing/tracing.ts'

/**
 * How far the database lets this call see: `all`; `find` (identity cards of everyone); `none` (what is public); or any of
 * `own` (the person's own record, or patients they treat), `department` and `glass` (emergency access), comma-separated.
 */
export type Reach = 'all' | 'find' | 'none' | (string & {})

/** Someone signed in, or nobody (`user_id` undefined). Built from the session at each request, never from the token alone. */
export type Actor = {
  user_id?: string
  session_id?: string
  role?: string
  /** `resource:action`, with `:department` or `:own` behind where it is scoped. */
  permissions: ReadonlySet<string>
  /** The actor's department, doctor profile and own patient record, where there are such. */
  department_id?: string | undefined
  doctor_id?: string | undefined
  patient_id?: string | undefined
  /** Compared by the database at each transaction, so that a change of rights takes effect on the next request. */
  authority?: string
  /** Signed in with a password that opens nothing but the choice of another one. */
  must_change_password?: boolean
  /** When the password (or the external sign-in) was last given. */
  authenticated_at?: string
}

/** Whom and what an answer shows or a call changes; it completes the call's audit entry. */
export type Subject = Pick<AuditEntry, 'resource_id' | 'patient_id' | 'details' | 'purpose' | 'outcome'>

/** What lives as long as the process. */
export type System = {
  configuration: Configuration
  pool: Pool
  /** Kept free of requests, so that health is told and reads are recorded however many of those hold a connection. */
  reserve: Pool
  keys: Keys
  recorder: AuditRecorder
  /** What the recorder could not record and had to let through. */
  spool: Spool
  gathered: Gathered
  /** A copy of the database that only reads, for figures; undefined where none is configured. */
  replica: Pool | undefined
  /** Where the bytes of documents lie. */
  storage: Storage
  /** Undefined where none is configured. */
  scanner: Scanner | undefined
  /** Undefined where none are configured. */
  tracing: Tracing | undefined
  log: Log
}

export type Context = {
  system: System
  actor: Actor
  /** Of the operation's permission. */
  reach: Reach
  /** The database in that reach. */
  database: Database
  /** The database in another reach, for the same actor; audit entries are completed as ever. */
  reaching(reach: Reach): Database
  /** Everything of everyone, to be counted and never shown: the replica where there is one. Whoever asks says what counts. */
  counting(): Counting
  correlation_id: string
  ip_address: string
  user_agent: string | undefined
  /** The version that If-Match names; undefined when the caller did not say. */
  if_match: number | undefined
  saw(subject: Subject): void
  /** A header of the request; undefined where it is missing or repeated. */
  request_header(name: string): string | undefined
  /** The document store, with its calls in the trace of this request. */
  storage: Storage
  /** The scanner in the same way; undefined where none is configured. */
  scanner: Scanner | undefined
  /** Sets a header of the answer. */
  header(name: string, value: string): void
  /**
   * Begins, or gives up, what has to wait until all that the request writes has committed: called once, with whether it has.
   */
  afterwards(work: (is_kept: boolean) => void): void
  /** The entry with who asks, for a statement that writes it itself. */
  completed(entry: AuditEntry): AuditEntry
  /** Records an entry apart from a transaction. */
  record(entry: AuditEntry): Promise<void>
}

/** Whether the actor holds the permission in any scope. */
export function holds(actor: Actor, permission: string): boolean {
  const { permissions } = actor
  return (
    permissions.has(permission) || permissions.has(`${permission}:own`) || permissions.has(`${permission}:department`)
  )
}

/** The reach that a permission gives the actor, or undefined where they lack it. */
export function reachOf(actor: Actor, permission: string): Reach | undefined {
  const { permissions } = actor
  if (permissions.has(permission)) return 'all'
  const scopes = ['own', 'department'].filter((scope) => permissions.has(`${permission}:${scope}`))
  if (scopes.length === 0) return undefined
  // Emergency access widens what a clinician may do for one patient; it never gives a permission.
  if (permissions.has('emergency-access:use')) scopes.push('glass')
  return scopes.join(',')
}
