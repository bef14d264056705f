// The context of one request, from what the request says and who asks.
import { isIP } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type AuditEntry, unrecordable } from '#platform/audit/record.ts'
import type { Operation } from '#platform/contract/operation.ts'
import { malformed, Problem } from '#platform/contract/problem.ts'
import { type Context, type Reach, reachOf, type Subject, type System } from '#platform/context.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import { countingDatabase } from '#platform/database/counting.ts'
import { joinedDatabase } from '#platform/database/joined-database.ts'
import { tracedCounting, tracedDatabase } from '#platform/tracing/traced-database.ts'
import { tracedScanner } from '#platform/tracing/traced-scanner.ts'
import { tracedStorage } from '#platform/tracing/traced-storage.ts'
import { within } from '#platform/tracing/tracing.ts'
import { type Database, scopedDatabase, type Tx } from '#platform/database/transaction.ts'

/** Sent by a client that asks by itself, while nobody is at it: it keeps no session awake. */
const unattended = 'x-openward-unattended'

export type RequestContext = {
  ctx: Context
  /** What the request has told so far of whom it is about. */
  entry: () => Partial<AuditEntry>
  /** The entries of the transaction that it is bound to. */
  recorded: () => readonly AuditEntry[]
  /** Asks the database whether the session still stands, where nothing of the request has asked it anything. */
  assertSession: () => Promise<void>
  /** Whether something that this request wrote has committed: it must not be done again. */
  hasCommitted: () => boolean
  /** Tells whoever waits for the end of the request whether what it wrote is kept. */
  settle: (is_kept: boolean) => void
  /** Binds `ctx` to one transaction for the rest of the request. */
  join: (tx: Tx) => void
}

export function buildContext(
  system: System,
  request: FastifyRequest,
  reply: FastifyReply,
  operation: Operation,
  if_match?: number,
): RequestContext {
  const { actor } = request
  const ip_address = addressOf(request)
  const user_agent = request.headers['user-agent']?.slice(0, 300)
  const who: Partial<AuditEntry> = {
    user_id: actor.user_id,
    role: actor.role,
    session_id: actor.session_id,
    ip_address,
    user_agent,
    correlation_id: request.id,
  }
  let subject: Subject = subjectOfParams(request.params as Record<string, string>)
  let joined: Tx | undefined
  let recorded: AuditEntry[] = []
  const complete = (entry: AuditEntry): AuditEntry => {
    const completed = { ...who, ...entry }
    if (joined) recorded.push(completed)
    return completed
  }
  const waiting: ((is_kept: boolean) => void)[] = []
  let has_entered = false
  let has_committed = false
  const isActivity = !operation.background && request.headers[unattended] === undefined
  const enter = (reach: Reach): Sql => {
    has_entered = true
    if (!actor.session_id) return sql`select openward.enter_as(${reach})`
    return sql`select openward.enter(${actor.session_id}, ${actor.authority}, ${reach}, ${isActivity})`
  }
  const reach =
    operation.access === 'public'
      ? 'none'
      : operation.access === 'signed_in'
        ? 'own'
        : (reachOf(actor, operation.access) ?? 'none')
  const { span } = request
  const traced = (database: Database) => (span ? tracedDatabase(database, span) : database)
  const begin = span && ((name: string) => span.child(name, 'client'))
  const { storage, scanner } = system
  const reaching = (other: Reach): Database =>
    joined
      ? joinedDatabase(joined, other === reach ? undefined : { enter: enter(other), restore: enter(reach) })
      : traced(
          scopedDatabase(
            operation.reserved ? system.reserve : system.pool,
            {
              enter: () => enter(other),
              key: `${actor.session_id ?? ''} ${actor.authority ?? ''} ${other} ${isActivity}`,
            },
            { audit: complete, committed: () => void (has_committed = true) },
            operation.reserved ? undefined : system.gathered,
          ),
        )

  const ctx: Context = {
    system,
    actor,
    reach,
    database: reaching(reach),
    reaching,
    counting: () => {
      const counting = countingDatabase(system, () => enter('all'))
      return span ? tracedCounting(counting, span) : counting
    },
    storage: begin ? tracedStorage(storage, begin) : storage,
    scanner: begin && scanner ? tracedScanner(scanner, begin) : scanner,
    correlation_id: request.id,
    ip_address,
    user_agent,
    if_match,
    saw: (seen) => void (subject = { ...subject, ...seen }),
    request_header(name) {
      const value = request.headers[name]
      return typeof value === 'string' ? value : undefined
    },
    header: (name, value) => void reply.header(name, value),
    completed: complete,
    afterwards: (work) => void waiting.push(work),
    record: (entry) =>
      within(span?.child('audit record', 'client'), () => system.recorder.record(complete(entry))).catch(
        (error: unknown) => {
          throw unrecordable(error)
        },
      ),
  }
  return {
    ctx,
    entry: () => ({ ...subject }),
    recorded: () => recorded,
    hasCommitted: () => has_committed,
    async assertSession() {
      if (actor.session_id && !has_entered) await ctx.database.once(async () => undefined)
    },
    settle(is_kept) {
      for (const work of waiting.splice(0)) work(is_kept)
    },
    join: (tx) => {
      joined = tx
      recorded = []
      ctx.database = reaching(reach)
    },
  }
}

/** The caller's address; that of the proxy where it forwards what is no address. */
function addressOf({ ip, socket }: FastifyRequest): string {
  const address = [ip, socket.remoteAddress].find((known) => isIP(String(known)) !== 0) ?? '0.0.0.0'
  return address.replace(/%.*/, '')
}

/** `{patient_id}` in a path names the patient; `{…_id}` last in it the resource. */
function subjectOfParams(params: Record<string, string>): Subject {
  const isId = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
  const ids = Object.entries(params).filter(([name, value]) => name.endsWith('_id') && isId(value))
  const last = ids.at(-1)?.[1]
  const patient = ids.find(([name]) => name === 'patient_id')?.[1]
  return { ...(last ? { resource_id: last } : {}), ...(patient ? { patient_id: patient } : {}) }
}

/** The version that If-Match names: `"v3"` → 3. `*` asks for no version. @throws Problem malformed */
export function versionOf(header: string | undefined): number | undefined {
  if (header === undefined || header === '*') return undefined
  const version = /^"v(\d{1,9})"$/.exec(header)?.[1]
  if (!version) throw new Problem(malformed, { detail: 'If-Match must be the ETag that reading the record gave' })
  return Number(version)
}
