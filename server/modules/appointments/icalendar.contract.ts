// Appointments for calendar programs: one as a file, and a calendar to subscribe to by a secret link.
import { z } from 'zod'
import { Id, Instant } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem } from '#platform/contract/problem.ts'
import { reauthRequired } from '../identity/session.contract.ts'

/** Of one person: their telephone, their computer, and a few more. */
export const mostFeeds = 10

export const CalendarFeed = z.object({
  id: Id,
  shows: z.enum(['own_appointments', 'own_calendar']),
  created_at: Instant,
})
export type CalendarFeed = z.output<typeof CalendarFeed>

export const CalendarFeedRequest = z.strictObject({
  shows: CalendarFeed.shape.shows.describe('own_appointments: yours as a patient; own_calendar: yours as a doctor'),
})
export type CalendarFeedRequest = z.output<typeof CalendarFeedRequest>

export const NewCalendarFeed = CalendarFeed.extend({
  link: z.string().describe('For the calendar program. Whoever has it reads the calendar; it is shown this once'),
})
export type NewCalendarFeed = z.output<typeof NewCalendarFeed>

export const noCalendar = defineProblem(
  'no_calendar',
  422,
  'You have no such calendar: own_appointments is for patients, own_calendar for doctors',
)
export const tooManyFeeds = defineProblem(
  'too_many_feeds',
  409,
  'You have as many calendar links as you may have at once: revoke one',
)

const Calendar = z.string().meta({ examples: ['BEGIN:VCALENDAR…'] })

export const icalendarApi = {
  ofAppointment: {
    method: 'GET',
    path: '/api/v1/appointments/{appointment_id}/calendar.ics',
    summary: 'An appointment as a file for a calendar (RFC 5545)',
    description:
      'The same event as in the mails about it: opened again after a change, it updates what is there. It holds the time, the name of the hospital and the confirmation code; nothing of why, of the doctor or of the patient.',
    access: 'appointments:read',
    audit: { action: 'appointment.read', resource_type: 'appointment' },
    params: z.strictObject({ appointment_id: Id }),
    returns: [200, Calendar],
    sends: 'calendar',
    problems: [],
  },
  makeFeed: {
    method: 'POST',
    path: '/api/v1/calendar-feeds',
    summary: 'Make a secret link to your calendar, to subscribe to',
    description: `Asks for a recent sign-in. A person has at most ${mostFeeds} at once.`,
    access: 'appointments:read',
    audit: { action: 'calendar_feed.make', resource_type: 'calendar_feed' },
    body: CalendarFeedRequest,
    returns: [201, NewCalendarFeed],
    secret: true,
    problems: [noCalendar, tooManyFeeds, reauthRequired],
    example: { shows: 'own_appointments' },
  },
  listFeeds: {
    method: 'GET',
    path: '/api/v1/calendar-feeds',
    summary: 'Your calendar links that work, without the links themselves',
    access: 'appointments:read',
    audit: 'none',
    returns: [200, z.object({ items: z.array(CalendarFeed) })],
    problems: [],
  },
  revokeFeed: {
    method: 'DELETE',
    path: '/api/v1/calendar-feeds/{feed_id}',
    summary: 'Revoke one of your calendar links, at once',
    access: 'appointments:read',
    audit: { action: 'calendar_feed.revoke', resource_type: 'calendar_feed' },
    params: z.strictObject({ feed_id: Id }),
    returns: [204, null],
    problems: [],
  },
  readFeed: {
    method: 'GET',
    path: '/api/v1/calendars/{link}',
    summary: 'The calendar of whoever made the link',
    description:
      'For calendar programs, which can send nothing but an address. Cancelled appointments stay in it as cancelled; patients see the last year and what is to come, doctors the last two weeks. A link that was revoked, or whose owner may no longer read appointments, is answered as one that never was.',
    access: 'public',
    audit: { action: 'calendar_feed.read', resource_type: 'calendar_feed' },
    params: z.strictObject({ link: z.string().max(100) }),
    returns: [200, Calendar],
    sends: 'calendar',
    problems: [],
    limit_per_minute: 120,
  },
} as const satisfies Api
