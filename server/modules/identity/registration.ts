// The account of someone who registers themselves, for the module that also makes their record.
import type { Context, System } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { queueMail } from '#platform/mail/queue.ts'
import { linkTo } from './links.ts'
import { hasName, nameTokens, openProfile, type Profile, profileTokens, sealProfile } from './profiles.ts'
import { findAccountByName, insertUser, insertUserTokens, type NewUser } from './user.store.ts'

const repeatsPerDay = 3

type NewAccount = Pick<NewUser, 'id' | 'password_hash' | 'role' | 'is_active' | 'awaits_approval'> & {
  profile: Profile
}

/** Makes an account. Refused by `user_tokens_one_account` when the address has one. */
export async function createAccount(tx: Tx, { keys }: System, { profile, ...user }: NewAccount): Promise<void> {
  await tx.run(insertUser({ ...user, ...sealProfile(keys, user.id, profile) }))
  await tx.run(insertUserTokens(user.id, profileTokens(keys, profile)))
  tx.emit({ type: 'user.created', subject_type: 'user', subject_id: user.id, payload: { role: user.role } })
}

/** Tells the owner of an address that someone, probably they, tried to register with it; three times a day at most. */
export async function tellRegisteredAgain(ctx: Context, email: string): Promise<void> {
  const { system } = ctx
  const { kind, tokens } = nameTokens(system.keys, email)
  await ctx.database.transaction(async (tx) => {
    const account = await tx.first(findAccountByName(kind, tokens))
    const owner = account && openProfile(system.keys, account)
    const told = await tx.first(sql<{ count: number }>`
      select count(*)::int as count from mails
       where user_id = ${account?.id ?? null} and template = 'registration_repeated' and created_at > now() - interval '1 day'`)
    if (account && owner && hasName(owner, email) && (told?.count ?? 0) < repeatsPerDay) {
      const data = { link: linkTo(system.configuration, 'sign_in') }
      await queueMail(tx, system, { template: 'registration_repeated', to: owner.email, user_id: account.id, data })
    }
    tx.audit({
      action: 'user.register',
      resource_type: 'user',
      resource_id: account?.id,
      outcome: 'failure',
      details: { reason: 'address_known' },
    })
  })
}
