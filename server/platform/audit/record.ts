// Recording audit entries: those of a change in its transaction, those of reads and refusals together and before the answer leaves.
import { randomUUIDv7 } from 'node:crypto'
import { certain } from '#platform/certain.ts'
import { Problem, unavailable } from '#platform/contract/problem.ts'
import { runBatch } from '#platform/database/batch.ts'
import { isConnectionFault, isDatabaseError, type Pool, withConnection } from '#platform/database/connection.ts'
import { violatedConstraint } from '#platform/database/constraint.ts'
import { mostInFlight, shareOf } from '#platform/database/lanes.ts'
import { beforeRepeat, isRepeatable, mostRepeats } from '#platform/database/repeating.ts'
import { watchOf } from '#platform/database/silence.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import type { SealedChanges } from './changes.ts'

export type Outcome = 'success' | 'denied' | 'failure'

/** What a person did. Who, from where and under which correlation id are added by the scope. */
export type AuditEntry = {
  /** Where it was given one, it is in the log once, however often it is recorded; a new one unless said. */
  id?: string | undefined
  action: string
  resource_type: string
  resource_id?: string | undefined
  patient_id?: string | undefined
  outcome?: Outcome
  purpose?: string | undefined
  /** Before and after of changed fields, sealed under a key of the patient (or of the system). */
  changes?: SealedChanges | undefined
  /** Counts, reasons, names of fields, and whom a list showed (`patient_ids`); never a value of a person. */
  details?: Record<string, unknown> | undefined
  user_id?: string | undefined
  role?: string | undefined
  session_id?: string | undefined
  ip_address?: string | undefined
  user_agent?: string | undefined
  correlation_id?: string | undefined
}

/** One statement for any number of entries. */
export function insertAuditEntries(given: readonly AuditEntry[]): Sql {
  const entries = named(given)
  const column = <T>(pick: (entry: AuditEntry) => T | undefined) => entries.map((entry) => pick(entry) ?? null)
  return sql`
    insert into audit_logs (id, user_id, role, session_id, ip_address, user_agent, action, resource_type, resource_id, patient_id,
                            outcome, purpose, correlation_id, key_id, sealed_changes, details)
    select coalesce(e.id, uuidv7()), e.user_id, e.role, e.session_id, e.ip_address, e.user_agent, e.action, e.resource_type,
           e.resource_id, e.patient_id, e.outcome, e.purpose, e.correlation_id, e.key_id, e.sealed_changes, e.details
      from unnest(
      ${column((entry) => entry.id)}::uuid[], ${column((entry) => entry.user_id)}::uuid[], ${column((entry) => entry.role)}::text[],
      ${column((entry) => entry.session_id)}::uuid[], ${column((entry) => entry.ip_address)}::inet[],
      ${column((entry) => entry.user_agent)}::text[], ${column((entry) => entry.action)}::text[],
      ${column((entry) => entry.resource_type)}::text[], ${column((entry) => entry.resource_id)}::uuid[],
      ${column((entry) => entry.patient_id)}::uuid[], ${column((entry) => entry.outcome ?? 'success')}::text[],
      ${column((entry) => entry.purpose)}::text[], ${column((entry) => entry.correlation_id ?? 'none')}::text[],
      ${column((entry) => entry.changes?.key_id)}::uuid[], ${column(({ id, changes }) => changes?.sealFor(certain(id, 'id of an entry')))}::bytea[],
      ${column((entry) => (entry.details ? JSON.stringify(entry.details) : null))}::jsonb[])
      as e(id, user_id, role, session_id, ip_address, user_agent, action, resource_type, resource_id, patient_id, outcome, purpose,
           correlation_id, key_id, sealed_changes, details)`
}

/** What an entry keeps sealed is bound to its id: all ids of the statement are chosen here then, so that their order stays. */
function named(entries: readonly AuditEntry[]): readonly AuditEntry[] {
  if (!entries.some(({ changes }) => changes)) return entries
  const ids = entries.map(() => randomUUIDv7()).toSorted()
  return entries.map((entry, index) => ({ ...entry, id: entry.id ?? ids[index] }))
}

/**
 * What a failed insert of entries or events is to the caller: what cannot be recorded does not happen and is not shown,
 * and may be repeated. An aborted or repeatable transaction, and a lost connection, stay what they are.
 */
export function unrecordable(error: unknown): unknown {
  if (!isDatabaseError(error) || /^(25P02$|40|08|57P0|53)/.test(error.code)) return error
  return new Problem(
    unavailable,
    {
      detail: 'The audit log cannot be written, so nothing was done: your administrator can mend it',
      retry_after_seconds: 5,
    },
    error,
  )
}

const mostInABatch = 500
/** Every answer waits for two connections at most: one that is silent must not hold all of them up for long. */
const answerLimitMilliseconds = 5000

export type AuditRecorder = { record(entry: AuditEntry): Promise<void> }

/**
 * Collects the entries of reads and refusals that arrive while the last insert is on its way, and writes them together.
 * `record` resolves once its entry is durable, and rejects when it is not: then the answer must not leave.
 */
export function createAuditRecorder(pool: Pool): AuditRecorder {
  type Waiting = { entry: AuditEntry; resolve: () => void; reject: (error: unknown) => void }
  let waiting: Waiting[] = []
  let inFlight = 0
  const write = async (batch: Waiting[]) => {
    const insert = () =>
      withConnection(pool, (connection) =>
        runBatch(connection, [insertAuditEntries(batch.map(({ entry }) => entry))], answerLimitMilliseconds),
      )
    let { error } = await insert()
    // A connection that was lost while idle is noticed by its next user. Better an entry too many than an answer refused.
    if (error && isConnectionFault(error) && !watchOf(pool)?.isAway()) ({ error } = await insert())
    for (let repeat = 1; batch.length === 1 && isRepeatable(error) && repeat <= mostRepeats; repeat += 1) {
      await beforeRepeat(repeat)
      ;({ error } = await insert())
    }
    if (!error || (batch.length === 1 && isThereAlready(error, batch[0]?.entry)))
      for (const { resolve } of batch) resolve()
    // An entry that the database cannot take refuses its own request, not those that happened to arrive with it.
    else if (batch.length > 1 && !isConnectionFault(error)) for (const one of batch) await write([one])
    else {
      const cause = isRepeatable(error) ? new Problem(unavailable, { retry_after_seconds: 1 }, error) : error
      for (const { reject } of batch) reject(cause)
    }
  }
  const flush = async () => {
    if (waiting.length === 0 || inFlight >= mostInFlight) return
    const batch = waiting.splice(0, shareOf(waiting.length, inFlight, mostInABatch))
    inFlight += 1
    schedule()
    try {
      await write(batch)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    } finally {
      inFlight -= 1
      schedule()
    }
  }
  const schedule = () => {
    if (waiting.length > 0) setImmediate(() => void flush())
  }
  return {
    record: (entry) =>
      new Promise((resolve, reject) => {
        waiting.push({ entry, resolve, reject })
        if (waiting.length === 1) schedule()
      }),
  }
}

function isThereAlready(error: Error, entry: AuditEntry | undefined): boolean {
  return entry?.id !== undefined && violatedConstraint(error) === 'audit_logs_pkey'
}
