// The sessions of others. Whoever governs less than somebody does not sign them out.
import { notFound, Problem } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import { noteEnd, signedIn } from './session.service.ts'
import { findLiveSessions, revokeSession, revokeSessions } from './session.store.ts'
import { findUser } from './user-directory.store.ts'
import { lockBelow } from './user.service.ts'
import type { UserSessions } from './user-session.contract.ts'

/** @throws Problem notFound */
export async function listSessionsOf(ctx: Context, user_id: string): Promise<UserSessions> {
  const [user, items] = await ctx.database.once((tx) =>
    Promise.all([tx.first(findUser(user_id)), tx.rows(findLiveSessions(user_id, signedIn(ctx).session_id))]),
  )
  if (!user) throw new Problem(notFound)
  return { items }
}

/** @throws Problem notFound, beyondOwnRights */
export async function endAllSessionsOf(ctx: Context, user_id: string): Promise<void> {
  await ctx.database.transaction(async (tx) => {
    await lockBelow(tx, ctx, user_id)
    await tx.run(revokeSessions(user_id, 'ended_by_administrator'))
    noteEnd(tx, 'session.end_all', user_id)
  })
}

/** @throws Problem notFound where it is not theirs or has ended, beyondOwnRights */
export async function endSessionOf(ctx: Context, user_id: string, session_id: string): Promise<void> {
  await ctx.database.transaction(async (tx) => {
    await lockBelow(tx, ctx, user_id)
    const ended = await tx.run(revokeSession(session_id, 'ended_by_administrator', user_id))
    if (ended === 0) throw new Problem(notFound)
    noteEnd(tx, 'session.end', user_id, session_id)
  })
}
