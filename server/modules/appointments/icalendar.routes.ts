import { implement, type Route } from '#platform/http/mount.ts'
import { icalendarApi } from './icalendar.contract.ts'
import { calendarOfAppointment, listFeeds, makeFeed, readFeed, revokeFeed } from './icalendar.service.ts'

export function icalendarRoutes(): Route[] {
  return implement('calendars', icalendarApi, {
    ofAppointment: (ctx, { params }) => calendarOfAppointment(ctx, params.appointment_id),
    makeFeed: (ctx, { body }) => makeFeed(ctx, body),
    listFeeds: (ctx) => listFeeds(ctx),
    revokeFeed: (ctx, { params }) => revokeFeed(ctx, params.feed_id),
    readFeed: (ctx, { params }) => readFeed(ctx, params.link),
  })
}
