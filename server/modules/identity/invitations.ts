// Invitations: links by which people choose their first password, mailed and shown to whoever invites.
import { notFound, Problem } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { queueMail } from '#platform/mail/queue.ts'
import { requireNotAbove, requireRoleGivable } from './granting.ts'
import { linkTo } from './links.ts'
import { localPasswordsOff } from './login.contract.ts'
import { deleteOneTimeTokens, insertOneTimeToken } from './one-time-token.store.ts'
import { newOpaqueToken } from './opaque-tokens.ts'
import { openProfile } from './profiles.ts'
import { hashOf } from './sessions.ts'
import { externalAccount, type Invitation, invitationAccepted } from './user.contract.ts'
import { lockAccount } from './user.store.ts'

const invitation_seconds = 7 * 86_400

/** A link by which the person chooses a password, mailed and returned; null where passwords are off. */
export async function invite(
  tx: Tx,
  { system }: Pick<Context, 'system'>,
  user_id: string,
  email: string,
): Promise<Invitation | null> {
  // Where local passwords are off, people come in by the sign-in of their organisation.
  if (!system.configuration.local_passwords) return null
  const token = newOpaqueToken('invitation')
  const token_hash = hashOf('invitation', token)
  const { expires_at } = await tx.one(
    insertOneTimeToken({ token_hash, purpose: 'invitation', user_id, lifetime_seconds: invitation_seconds }),
  )
  const link = linkTo(system.configuration, 'invitation', token)
  await queueMail(tx, system, {
    template: 'invitation',
    to: email,
    user_id,
    data: { link, expires_at },
  })
  return { link, expires_at }
}

/**
 * Invites again who has not come yet; the earlier link is of no use from then on.
 * @throws Problem notFound, beyondOwnRights, invitationAccepted, externalAccount, localPasswordsOff
 */
export async function inviteAgain(ctx: Context, user_id: string): Promise<Invitation> {
  return ctx.database.transaction(async (tx) => {
    const account = await tx.first(lockAccount(user_id))
    if (!account?.is_active) throw new Problem(notFound)
    await requireNotAbove(tx, ctx.actor, account.role)
    // The link is shown: whoever invites could follow it themselves.
    await requireRoleGivable(tx, ctx.actor, account)
    if (account.external_subject !== null) throw new Problem(externalAccount)
    if (account.password_hash !== null) throw new Problem(invitationAccepted)
    await tx.run(deleteOneTimeTokens(user_id, ['invitation']))
    const invitation = await invite(tx, ctx, user_id, openProfile(ctx.system.keys, account).email)
    if (!invitation) throw new Problem(localPasswordsOff)
    tx.audit({ action: 'user.invite', resource_type: 'user', resource_id: user_id })
    return invitation
  })
}
