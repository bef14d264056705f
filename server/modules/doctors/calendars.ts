// Calendars known to this process, so that a booking need not read the doctor first. A booking names the version that it
// was judged by and the database refuses an old one, so age is no danger; a refusal is never given on what is known here.
import type { Context } from '#platform/context.ts'
import { type Calendar, findCalendar } from './doctor.store.ts'

const mostKnown = 5000

export type Calendars = {
  /** `fresh` reads it again. Undefined where there is no such doctor. */
  find(ctx: Context, doctor_id: string, fresh?: boolean): Promise<Calendar | undefined>
}

export function createCalendars(most_known = mostKnown): Calendars {
  const known = new Map<string, Calendar>()
  return {
    async find(ctx, doctor_id, fresh = false) {
      const cached = fresh ? undefined : known.get(doctor_id)
      if (cached) return cached
      const calendar = await ctx.database.once((tx) => tx.first(findCalendar(doctor_id)))
      known.delete(doctor_id)
      if (!calendar) return undefined
      for (const oldest of known.size >= most_known ? known.keys().take(1) : []) known.delete(oldest)
      known.set(doctor_id, calendar)
      return calendar
    },
  }
}
