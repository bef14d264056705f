import { implement, type Route } from '#platform/http/mount.ts'
import type { Calendars } from '#modules/doctors'
import { acceptOffer, declineOffer } from './offer.service.ts'
import { waitlistApi } from './waitlist.contract.ts'
import { getEntry, joinWaitlist, listEntries, withdraw } from './waitlist.service.ts'

export function waitlistRoutes(calendars: Calendars): Route[] {
  return implement('waitlist', waitlistApi, {
    list: (ctx, { query }) => listEntries(ctx, query),
    join: (ctx, { body }) => joinWaitlist(ctx, calendars, body),
    get: (ctx, { params }) => getEntry(ctx, params.waitlist_entry_id),
    withdraw: (ctx, { params }) => withdraw(ctx, params.waitlist_entry_id),
    accept: (ctx, { params }) => acceptOffer(ctx, calendars, params.waitlist_entry_id),
    decline: (ctx, { params }) => declineOffer(ctx, params.waitlist_entry_id),
  })
}
