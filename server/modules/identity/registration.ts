// The account of someone who registers themselves, for the module that also makes their record.
import type { System } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { queueMail } from '#platform/mail/queue.ts'
import { linkTo } from './links.ts'
import { hasName, nameTokens, openProfile, type Profile, profileTokens, sealProfile } from './profiles.ts'
import { findAccountByName, insertFreeUserTokens, insertUser, type NewUser } from './user.store.ts'

const repeatsPerDay = 3

type NewAccount = Pick<NewUser, 'id' | 'password_hash' | 'role' | 'is_active' | 'awaits_approval'> & {
  profile: Profile
}

/** Makes an account, unless the address has one: then the caller takes back what came of it, and tells the owner. */
export async function createAccount(tx: Tx, { keys }: System, { profile, ...user }: NewAccount): Promise<boolean> {
  const tokens = profileTokens(keys, profile)
  await tx.run(insertUser({ ...user, ...sealProfile(keys, user.id, profile) }))
  const taken = await tx.run(insertFreeUserTokens(user.id, tokens))
  tx.emit({ type: 'user.created', subject_type: 'user', subject_id: user.id, payload: { role: user.role } })
  return taken === tokens.length
}

/**
 * Tells the owner of an address that someone, probably they, tried to register with it; three times a day at most. Where the
 * address was free (`is_new`) the same statements run and nobody is told: the time that it takes must not tell either.
 */
export async function tellRegisteredAgain(tx: Tx, system: System, email: string, is_new: boolean): Promise<void> {
  const { kind, tokens } = nameTokens(system.keys, email)
  // Where the address was free, that of who has just got it.
  const account = await tx.one(findAccountByName(kind, tokens))
  const owner = openProfile(system.keys, account)
  const told = await tx.one(sql<{ count: number }>`
    select count(*)::int as count from mails
     where user_id = ${account.id} and template = 'registration_repeated' and created_at > now() - interval '1 day'`)
  const isTold = !is_new && hasName(owner, email) && told.count < repeatsPerDay
  const data = { link: linkTo(system.configuration, 'sign_in') }
  const to = isTold ? owner.email : 'nobody@openward.invalid'
  const mail_id = await queueMail(tx, system, { template: 'registration_repeated', to, user_id: account.id, data })
  await tx.run(sql`delete from mails where id = ${mail_id} and ${!isTold}`)
  if (is_new) return
  tx.audit({
    action: 'user.register',
    resource_type: 'user',
    resource_id: account.id,
    outcome: 'failure',
    details: { reason: 'address_known' },
  })
  tx.emit({ type: 'user.registration_repeated', subject_type: 'user', subject_id: account.id })
}
