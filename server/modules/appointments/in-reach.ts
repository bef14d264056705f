// Finding in the caller's usual reach first: what only emergency access lets them see is marked so in the audit log.
import type { Context, Reach } from '#platform/context.ts'
import type { Tx } from '#platform/database/transaction.ts'

/** The reach without emergency access, which opens one record and lists none. */
export const usualReach = (ctx: Context): Reach => ctx.reach.replace(/,?glass/, '')
export const hasGlass = (ctx: Context) => usualReach(ctx) !== ctx.reach

export async function findInReach<T>(ctx: Context, find: (tx: Tx) => Promise<T | undefined>): Promise<T | undefined> {
  const usual = await ctx.reaching(usualReach(ctx)).once(find)
  if (usual !== undefined || !hasGlass(ctx)) return usual
  const found = await ctx.database.once(find)
  if (found !== undefined) ctx.saw({ purpose: 'BTG' })
  return found
}
