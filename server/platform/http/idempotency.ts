// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): the claim, the work and the stored answer commit together,
// so that a repeat after a lost reply or a killed server finds the first answer, or does the work once.
import { createHash } from 'node:crypto'
import type { Actor } from '#platform/context.ts'
import { conflict, idempotencyInFlight, idempotencyMismatch, malformed, Problem } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { Keys } from '#platform/encryption/keys.ts'
import { IntegrityError } from '#platform/encryption/failures.ts'
import { type DataKey, open, seal } from '#platform/encryption/sealing.ts'
import { areInReach, type Told } from './replay.ts'
import { isReceived } from './upload.ts'

export type StoredAnswer = { status: number; headers: Record<string, string>; body: string; told: Told }
export type KnownAnswer = StoredAnswer & { was_in_reach: boolean }
export type Claim = { user_id: string; operation: string; key_hash: Buffer; request_hash: Buffer }

const placeOf = (row_id: string) => ({ table: 'idempotency_keys', column: 'sealed_answer', row_id })
const place = ({ user_id, operation, key_hash }: Claim) =>
  placeOf(`${user_id} ${operation} ${key_hash.toString('hex')}`)

/** @throws Problem malformed when the key is not 1 to 255 printable ASCII characters */
export function claimOf(key: string, user_id: string, operation: string, url: string, body: unknown): Claim {
  if (!/^[\u0021-\u007e]{1,255}$/.test(key)) {
    throw new Problem(malformed, { detail: 'Idempotency-Key must have 1 to 255 printable ASCII characters' })
  }
  const text = `${url}\n${JSON.stringify(withFilesHashed(body)) ?? ''}`
  return { user_id, operation, key_hash: hashOf(key), request_hash: hashOf(text) }
}

function hashOf(content: string | Uint8Array): Buffer {
  return createHash('sha256').update(content).digest()
}

/** A file of a form is told apart by its content; as JSON it would be five times as long. */
function withFilesHashed(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body
  const members = Object.entries(body)
  if (!members.some(([, value]) => value instanceof Uint8Array || isReceived(value))) return body
  return Object.fromEntries(
    members.map(([name, value]) => {
      if (isReceived(value)) return [name, value.content_hash]
      return [name, value instanceof Uint8Array ? hashOf(value).toString('hex') : value]
    }),
  )
}

/**
 * Claims the key for this transaction, or returns the answer that it was given before.
 * @throws Problem idempotencyMismatch, idempotencyInFlight, conflict
 */
export async function claimKey(tx: Tx, keys: Keys, claim: Claim): Promise<KnownAnswer | undefined> {
  // Another holder of the key is not waited for: it is told at once that the first request still runs.
  const { got } = await tx.one<{ got: boolean }>(
    sql`select pg_try_advisory_xact_lock(hashtextextended(${claim.user_id + claim.operation + claim.key_hash.toString('hex')}, 7)) as got`,
  )
  if (!got) throw new Problem(idempotencyInFlight, { retry_after_seconds: 1 })
  const inserted = await tx.run(
    sql`insert into idempotency_keys (user_id, operation, key_hash, request_hash)
        values (${claim.user_id}, ${claim.operation}, ${claim.key_hash}, ${claim.request_hash}) on conflict do nothing`,
  )
  if (inserted > 0) return undefined
  const known = await tx.first<Known>(
    sql`select request_hash, status, key_id, sealed_answer, was_in_reach from idempotency_keys
        where user_id = ${claim.user_id} and operation = ${claim.operation} and key_hash = ${claim.key_hash}`,
  )
  // It has been forgotten since: a day had gone by.
  if (!known) throw new Problem(idempotencyInFlight, { retry_after_seconds: 1 })
  if (!known.request_hash.equals(claim.request_hash)) throw new Problem(idempotencyMismatch)
  const { headers, body, told } = openAnswer(keys.systemById(known.key_id), claim, known.sealed_answer)
  return { status: known.status, headers, body, told, was_in_reach: known.was_in_reach }
}

type Known = {
  request_hash: Buffer
  status: number
  key_id: string
  sealed_answer: Buffer
  was_in_reach: boolean
}

const earlier =
  'This was done when you first asked for it, by an earlier version of the server, whose answers are not shown again: look at what was made'

/** @throws Problem conflict for one of an earlier version, which was bound to its user alone; IntegrityError */
function openAnswer(key: DataKey, claim: Claim, sealed: Buffer): Omit<StoredAnswer, 'status'> {
  try {
    return JSON.parse(open(key, place(claim), sealed)) as StoredAnswer
  } catch (error) {
    if (error instanceof IntegrityError && opensAt(key, claim.user_id, sealed))
      throw new Problem(conflict, { detail: earlier }, error)
    throw error
  }
}

/** What it says is not looked at: it could have been moved from another row of the same user. */
function opensAt(key: DataKey, row_id: string, sealed: Buffer): boolean {
  try {
    open(key, placeOf(row_id), sealed)
    return true
  } catch {
    return false
  }
}

/** Keeps the answer of the work that was done in this transaction. */
export async function keepAnswer(
  tx: Tx,
  keys: Keys,
  claim: Claim,
  { status, ...answer }: StoredAnswer,
  actor: Actor,
): Promise<void> {
  const key = keys.system('answers')
  await tx.run(sql`
    update idempotency_keys
       set status = ${status}, key_id = ${key.id}, sealed_answer = ${seal(key, place(claim), JSON.stringify(answer))},
           was_in_reach = ${areInReach(answer.told.patient_ids, actor)}
     where user_id = ${claim.user_id} and operation = ${claim.operation} and key_hash = ${claim.key_hash}`)
}
