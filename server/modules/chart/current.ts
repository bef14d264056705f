// Whether who changes something has seen how it is now, and what has changed since.
import type { Context } from '#platform/context.ts'
import { Problem, stale } from '#platform/contract/problem.ts'

/** Names of the members in which two contents differ. */
export function differing<Content extends object>(one: Partial<Content>, other: Partial<Content>): (keyof Content)[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)] as (keyof Content)[])
  return [...names].filter((name) => JSON.stringify(one[name] ?? null) !== JSON.stringify(other[name] ?? null))
}

/**
 * The refusal names the version that is current, and the members in which it differs from what was sent.
 * @throws Problem stale
 */
export function assertCurrent<Content extends object>(
  ctx: Context,
  version: number,
  stored?: Partial<Content>,
  sent?: Partial<Content>,
) {
  if (ctx.if_match === undefined || ctx.if_match === version) return
  throw new Problem(stale, {
    current_version: version,
    ...(stored && sent ? { differs_in: differing(stored, sent) } : {}),
  })
}
