// Mailing the link again that proves the address of an account, to whoever says they did not get it.
import type { Context } from '#platform/context.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import { queueMail } from '#platform/mail/queue.ts'
import { makeLink, openKept, readMove } from './email-verification.ts'
import { linkTo } from './links.ts'
import type { OneTimeToken } from './one-time-token.store.ts'
import { hasName, nameTokens, openProfile } from './profiles.ts'
import { type Account, countRecentTokens, findAccountByName } from './user.store.ts'

const linksPerHour = 5

/**
 * Mails a new link where there is an account whose address waits to be proven, with what was kept with the one before, which
 * is of no use any more; at most five an hour. Whoever asks cannot tell, since the same statements run.
 */
export async function resendVerification(ctx: Context, email: string): Promise<void> {
  const { system } = ctx
  const { kind, tokens } = nameTokens(system.keys, email)
  await ctx.database.transaction(async (tx) => {
    // One after the other: requests that arrive together would all count too few.
    const turn = tokens.map(({ token }) => token.toString('hex')).join()
    await tx.run(sql`select pg_advisory_xact_lock(hashtextextended(${turn}, 9))`)
    const candidate = await tx.first(findAccountByName(kind, tokens))
    const profile = candidate && openProfile(system.keys, candidate)
    const owner = candidate && profile && isWaiting(candidate) && hasName(profile, email) ? profile : undefined
    const user_id = owner && candidate?.id
    const [mailed, links] = await Promise.all([
      tx.one(countRecentTokens(user_id ?? null, 'email_verification')),
      tx.rows(findLinks(user_id ?? null)),
    ])
    const isSent = user_id !== undefined && mailed.count < linksPerHour
    const earlier = links
      .map((link) => ({ ...link, data: openKept(system, link.token_hash, link) }))
      .filter(({ data }) => !readMove(data))
    await tx.run(endLinks(isSent ? earlier.map(({ token_hash }) => token_hash) : []))
    const kept = isSent ? earlier[0]?.data : undefined
    const { token, expires_at } = await makeLink(tx, system, isSent ? user_id : undefined, kept ?? {}, isSent)
    const mail_id = await queueMail(tx, system, {
      template: 'registration_verification',
      to: isSent && owner ? owner.email : 'nobody@openward.invalid',
      user_id,
      data: { link: linkTo(system.configuration, 'email_verification', token), expires_at },
    })
    await tx.run(sql`delete from mails where id = ${mail_id} and ${!isSent}`)
    const unsent = user_id === undefined ? 'nothing_to_verify' : 'too_often'
    tx.audit({
      action: 'email.resend',
      resource_type: 'user',
      resource_id: candidate?.id,
      outcome: isSent ? 'success' : 'failure',
      details: { reason: isSent ? 'mailed' : unsent },
    })
  })
}

function isWaiting({ email_verified_at, is_active, awaits_approval }: Account): boolean {
  return email_verified_at === null && (is_active || awaits_approval)
}

/** Those that nobody followed, expired ones as well: what was kept with them is still wanted. The newest first. */
function findLinks(user_id: string | null): Sql<OneTimeToken & { token_hash: Buffer }> {
  return sql`
    select token_hash, user_id, key_id, sealed_data from one_time_tokens
     where user_id = ${user_id}::uuid and purpose = 'email_verification' and used_at is null order by created_at desc limit 20`
}

/** They stay, so that they are counted. */
function endLinks(hashes: readonly Buffer[]): Sql {
  return sql`update one_time_tokens set expires_at = least(expires_at, now()) where token_hash = any(${hashes}::bytea[])`
}
