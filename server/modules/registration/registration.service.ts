// Registering oneself: an account, and for a patient their record. Nobody learns from it whose address has an account.
import { randomUUIDv7 } from 'node:crypto'
import { Problem } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import { violatedConstraint } from '#platform/database/constraint.ts'
import type { Tx } from '#platform/database/transaction.ts'
import {
  confirmEmail,
  createAccount,
  hashNewPassword,
  hasherOf,
  mailVerification,
  type Profile,
  tellRegisteredAgain,
} from '#modules/identity'
import {
  findUnclaimedRecord,
  linkOwnRecord,
  type OwnMembers,
  type OwnRecord,
  readOwnRecord,
  registerOwnRecord,
} from '#modules/patients'
import { localPasswordsOff } from '../identity/login.contract.ts'
import { type Registered, type Registration, roleNotOpen } from './registration.contract.ts'

/** What is kept in the mailed link until it is followed: the record of a patient that waits for it. */
type Waiting = { own?: OwnMembers }

/** @throws Problem roleNotOpen, localPasswordsOff, invalidRequest, overloaded */
export async function register(ctx: Context, body: Registration): Promise<Registered> {
  const { system } = ctx
  const { email, password, role, ...members } = body
  if (role !== 'patient' && role !== 'doctor') throw new Problem(roleNotOpen)
  if (!system.configuration.local_passwords) throw new Problem(localPasswordsOff)
  const { first_name, last_name } = members
  const own: OwnMembers = { ...members, email }
  const record = readOwnRecord(system, own)
  const profile: Profile = { first_name, last_name, email, username: email }
  const rules = { mfa: false, member: 'password' }
  const password_hash = await hashNewPassword({ hasher: hasherOf(system) }, password, profile, rules)
  const id = randomUUIDv7()
  const isDoctor = role === 'doctor'
  // The person has no scope yet, and their record must be looked for among all.
  await ctx
    .reaching('all')
    .transaction(async (tx) => {
      await createAccount(tx, system, {
        id,
        profile,
        password_hash,
        role,
        is_active: !isDoctor,
        awaits_approval: isDoctor,
      })
      const waits = isDoctor ? false : await findUnclaimedRecord(tx, system, record.record)
      const waiting: Waiting = waits ? { own } : {}
      if (!isDoctor && !waits) await registerOwnRecord(tx, system, id, record)
      await mailVerification(tx, system, id, email, waiting)
      tx.audit({
        action: 'user.register',
        resource_type: 'user',
        resource_id: id,
        user_id: id,
        role,
        details: { role },
      })
    })
    .catch(async (error: unknown) => {
      if (violatedConstraint(error) !== 'user_tokens_one_account') throw error
      await tellRegisteredAgain(ctx, email)
    })
  return { email, role, next: isDoctor ? 'await_approval' : 'sign_in' }
}

/**
 * Confirms an address, and links the patient who waits for it to the record that the hospital has, or to a new one.
 * @throws Problem tokenInvalid
 */
export async function verifyEmail(ctx: Context, token: string): Promise<void> {
  const { system } = ctx
  // The record is looked for among all: the address was just shown to be the person's.
  await ctx.reaching('all').transaction(async (tx) => {
    const { user_id, data } = await confirmEmail(tx, system, token)
    const { own } = (data ?? {}) as Waiting
    if (own) await claim(tx, ctx, user_id, readOwnRecord(system, own))
  })
}

async function claim(tx: Tx, { system }: Context, user_id: string, own: OwnRecord): Promise<void> {
  const patient_id = await findUnclaimedRecord(tx, system, own.record)
  if (patient_id) await linkOwnRecord(tx, user_id, patient_id)
  else await registerOwnRecord(tx, system, user_id, own)
}
