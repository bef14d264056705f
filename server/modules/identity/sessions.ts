// Opening a session: what every way of signing in ends with.
import { randomUUIDv7 } from 'node:crypto'
import type { Context } from '#platform/context.ts'
import { certain } from '#platform/certain.ts'
import { sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { accessTokenSeconds } from './token-reader.ts'
import { findSessionRights } from './authentication.store.ts'
import type { Identity } from './identity.ts'
import { unlocked } from './lockout.ts'
import type { Tokens } from './login.contract.ts'
import { hashOpaqueToken, newOpaqueToken, type OpaqueTokenKind } from './opaque-tokens.ts'
import { insertDevice, insertRefreshToken, insertSession, saveDeviceLockout } from './session.store.ts'
import { type Account, saveLockout } from './user.store.ts'

const patientDays = 7
const staffHours = 12

/** How the person proved who they are. `device_id` with its token where the device was known. */
export type Proof = { method: string; device?: { id: string; token: string } | undefined }

/** A new session with new tokens, recorded as a successful sign-in. Nothing of an earlier session is taken over. */
export async function openSession(
  tx: Tx,
  ctx: Context,
  identity: Identity,
  account: Account,
  proof: Proof,
): Promise<Tokens> {
  const { configuration } = identity.system
  const device = proof.device ?? { id: randomUUIDv7(), token: newOpaqueToken('device') }
  if (proof.device) await tx.run(saveDeviceLockout(device.id, unlocked))
  else await tx.run(insertDevice(device.id, account.id, hashOf('device', device.token)))
  const session_id = randomUUIDv7()
  const isPatient = account.role === 'patient'
  await tx.run(
    insertSession({
      id: session_id,
      user_id: account.id,
      idle_seconds: isPatient ? patientDays * 86_400 : configuration.idle_minutes * 60,
      lifetime_seconds: isPatient ? patientDays * 86_400 : staffHours * 3600,
      ip_address: ctx.ip_address,
      user_agent: ctx.user_agent,
      device_id: device.id,
      method: proof.method,
    }),
  )
  const refresh_token = newOpaqueToken('refresh')
  await tx.run(insertRefreshToken(session_id, hashOf('refresh', refresh_token)))
  await tx.run(saveLockout(account.id, unlocked))
  await tx.run(sql`update users set last_login_at = now() where id = ${account.id}`)
  tx.audit({
    action: 'session.login',
    resource_type: 'session',
    resource_id: session_id,
    user_id: account.id,
    role: account.role,
    session_id,
    details: { method: proof.method, known_device: proof.device !== undefined },
  })
  return { ...(await tokensOf(tx, identity, session_id, refresh_token)), device_token: device.token }
}

/** The pair of tokens of a live session. */
export async function tokensOf(tx: Tx, identity: Identity, session_id: string, refresh_token: string): Promise<Tokens> {
  const rights = await tx.one(findSessionRights(session_id))
  const access_token = identity.authentication.issue({ session_id, rights })
  return { access_token, refresh_token, token_type: 'Bearer', expires_in: accessTokenSeconds }
}

/** The hash of a token that was just made. */
export function hashOf(kind: OpaqueTokenKind, token: string): Buffer {
  return certain(hashOpaqueToken(kind, token), `hash of a ${kind} token`)
}
