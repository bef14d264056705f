// How far somebody reads patients. Assigning reaches everyone who can be found; seeing who has a bed does not.
import { type Context, type Reach, reachOf } from '#platform/context.ts'

/** Without emergency access, which opens one record and lists none. */
export function readingReach({ actor }: Context): Reach {
  return reachOf(actor, 'patients:read')?.replace(/,?glass/, '') ?? 'none'
}
