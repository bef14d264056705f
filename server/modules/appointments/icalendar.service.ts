import { certain } from '#platform/certain.ts'
import type { Context } from '#platform/context.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import { findInReach } from '#platform/emergency-reach.ts'
import { hashOpaqueToken, newOpaqueToken, requireRecentSignIn } from '#modules/identity'
import { type CalendarAppointment, calendarOf, calendarText } from './icalendar.ts'
import {
  type CalendarFeed,
  type CalendarFeedRequest,
  mostFeeds,
  type NewCalendarFeed,
  noCalendar,
  tooManyFeeds,
} from './icalendar.contract.ts'
import {
  type CalendarRow,
  findCalendarRow,
  findFeedByLink,
  findFeedEntries,
  findFeeds,
  insertFeed,
  lockFeeds,
  updateRevoked,
} from './icalendar.store.ts'

/** @throws Problem notFound */
export async function calendarOfAppointment(ctx: Context, id: string): Promise<string> {
  const { found } = await findInReach(ctx, (database) => database.once((tx) => tx.first(findCalendarRow(id))))
  ctx.saw({ patient_id: found.patient_id })
  return sendCalendar(ctx, 'appointment', [found], found.preferred_language)
}

/** @throws Problem noCalendar, reauthRequired, tooManyFeeds */
export async function makeFeed(ctx: Context, { shows }: CalendarFeedRequest): Promise<NewCalendarFeed> {
  const { actor, system } = ctx
  const user_id = certain(actor.user_id, 'user')
  if ((shows === 'own_appointments' ? actor.patient_id : actor.doctor_id) === undefined) throw new Problem(noCalendar)
  const token = newOpaqueToken('calendar_feed')
  const token_hash = certain(hashOpaqueToken('calendar_feed', token), 'hash')
  const feed = await ctx.database.transaction(async (tx) => {
    await requireRecentSignIn(tx, ctx)
    await tx.run(lockFeeds(user_id))
    const made = await tx.first(insertFeed(user_id, shows, token_hash))
    if (!made) throw new Problem(tooManyFeeds, { most: mostFeeds })
    const { id: resource_id } = made
    tx.audit({ action: 'calendar_feed.make', resource_type: 'calendar_feed', resource_id, details: { shows } })
    return made
  })
  return { ...feed, link: new URL(`/api/v1/calendars/${token}`, system.configuration.public_url).href }
}

export async function listFeeds({ actor, database }: Context): Promise<{ items: CalendarFeed[] }> {
  return { items: await database.once((tx) => tx.rows(findFeeds(certain(actor.user_id, 'user')))) }
}

/** @throws Problem notFound */
export async function revokeFeed(ctx: Context, id: string): Promise<void> {
  await ctx.database.transaction(async (tx) => {
    if (!(await tx.first(updateRevoked(id, certain(ctx.actor.user_id, 'user'))))) throw new Problem(notFound)
    tx.audit({ action: 'calendar_feed.revoke', resource_type: 'calendar_feed', resource_id: id })
  })
}

/** @throws Problem notFound, whatever is wrong with the link */
export async function readFeed(ctx: Context, link: string): Promise<string> {
  const token_hash = hashOpaqueToken('calendar_feed', link)
  if (!token_hash) throw new Problem(notFound)
  const [feed, rows] = await ctx.database.once((tx) =>
    Promise.all([tx.first(findFeedByLink(token_hash)), tx.rows(findFeedEntries(token_hash))]),
  )
  if (!feed) throw new Problem(notFound)
  const { feed_id: resource_id, user_id, patient_id, language } = feed
  ctx.saw({ resource_id, patient_id: patient_id ?? undefined, details: { user_id, count: rows.length } })
  return sendCalendar(ctx, 'calendar', rows, language)
}

function sendCalendar(ctx: Context, name: string, rows: readonly CalendarRow[], language: string | null): string {
  ctx.header('content-type', 'text/calendar; charset=utf-8')
  ctx.header('content-disposition', `attachment; filename="${name}.ics"`)
  const { sender: _, ...of } = calendarOf(ctx.system.configuration, language)
  return calendarText(rows.map(asEvent), of)
}

function asEvent({ starts_at, ends_at, status, ...row }: CalendarRow): CalendarAppointment {
  return {
    ...row,
    appointment_time: starts_at,
    duration_minutes: (Date.parse(ends_at) - Date.parse(starts_at)) / 60_000,
    is_cancelled: status === 'cancelled',
  }
}
