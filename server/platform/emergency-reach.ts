// Emergency access opens one record and lists none. What only it lets somebody see is looked for second, and is marked so in the
// audit log.
import type { Context, Reach } from './context.ts'
import { notFound, Problem } from './contract/problem.ts'
import type { Database } from './database/transaction.ts'

export function withoutEmergencyAccess(reach: Reach): Reach {
  return reach.replace(/,?glass/, '')
}

/** The caller's reach without emergency access. */
export function usualReach(ctx: Context): Reach {
  return withoutEmergencyAccess(ctx.reach)
}

export function hasEmergencyReach(ctx: Context): boolean {
  return usualReach(ctx) !== ctx.reach
}

/** What `find` finds in the usual reach, or else through emergency access. @throws Problem notFound */
export async function findInReach<T>(
  ctx: Context,
  find: (database: Database) => Promise<T | undefined>,
): Promise<{ found: T; through_glass: boolean }> {
  const usual = await find(ctx.reaching(usualReach(ctx)))
  if (usual !== undefined) return { found: usual, through_glass: false }
  const found = hasEmergencyReach(ctx) ? await find(ctx.database) : undefined
  if (found === undefined) throw new Problem(notFound)
  ctx.saw({ purpose: 'BTG' })
  return { found, through_glass: true }
}
