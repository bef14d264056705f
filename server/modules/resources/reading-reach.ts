// How far somebody reads patients. Assigning reaches everyone who can be found; seeing who has a bed does not.
import { type Context, type Reach, reachOf } from '#platform/context.ts'
import { withoutEmergencyAccess } from '#platform/emergency-reach.ts'

export function readingReach({ actor }: Context): Reach {
  return withoutEmergencyAccess(reachOf(actor, 'patients:read') ?? 'none')
}
