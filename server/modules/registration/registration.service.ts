// Registering oneself: an account, and for a patient their record. Nobody learns from it whose address has an account.
import { randomUUIDv7 } from 'node:crypto'
import { Problem } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import { joinedDatabase } from '#platform/database/joined-database.ts'
import {
  type Confirmation,
  confirmEmail,
  createAccount,
  hashNewPassword,
  hasherOf,
  mailVerification,
  type Profile,
  tellRegisteredAgain,
} from '#modules/identity'
import { joinOwnRecord, type OwnMembers, readOwnRecord, registerOwnRecord } from '#modules/patients'
import { localPasswordsOff } from '../identity/login.contract.ts'
import { type Registered, type Registration, roleNotOpen } from './registration.contract.ts'

/** What is kept in the mailed link until it is followed: what a patient told, and the record that was made of it. */
type Waiting = { own?: OwnMembers; provisional_id?: string }

/** Takes back what was done for an account that there is already. */
class AddressTaken extends Error {}

/**
 * The same work is done, statement by statement, whether the address has an account or not: neither answer nor time tells.
 * @throws Problem roleNotOpen, localPasswordsOff, invalidRequest, overloaded
 */
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
  // The person has no scope yet. What the hospital knows of them is not looked at: whoever registers must not learn it.
  await ctx.reaching('all').transaction(async (tx) => {
    const isNew = await joinedDatabase(tx)
      .transaction(async (attempt) => {
        const account = { id, profile, password_hash, role, is_active: !isDoctor, awaits_approval: isDoctor }
        const isFree = await createAccount(attempt, system, account)
        const waiting: Waiting = isDoctor
          ? {}
          : { own, provisional_id: await registerOwnRecord(attempt, system, id, record) }
        await mailVerification(attempt, system, id, email, waiting)
        attempt.audit({
          action: 'user.register',
          resource_type: 'user',
          resource_id: id,
          user_id: id,
          role,
          details: { role },
        })
        if (!isFree) throw new AddressTaken()
        return true
      })
      .catch((error: unknown) => {
        if (error instanceof AddressTaken) return false
        throw error
      })
    await tellRegisteredAgain(tx, system, email, isNew)
  })
  return { email, role, next: isDoctor ? 'await_approval' : 'sign_in' }
}

/**
 * Confirms an address, and joins what its patient told to the record that the hospital has of them.
 * @throws Problem tokenInvalid, invalidCredentials and its kin
 */
export async function verifyEmail(ctx: Context, given: Confirmation): Promise<void> {
  const { system } = ctx
  await confirmEmail(ctx, given, async (tx, { user_id, data }) => {
    const { own, provisional_id } = data as Waiting
    if (!own || !provisional_id) return
    const person = readOwnRecord(system, own).record
    await joinOwnRecord(tx, system, user_id, { provisional_id, person })
  })
}
