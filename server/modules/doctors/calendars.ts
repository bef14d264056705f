// Calendars known to this process, so that a booking need not read the doctor first. A booking names the version that it
// was judged by and the database refuses an old one, so age is no danger; a refusal is never given on what is known here.
import type { Context } from '#platform/context.ts'
import { type Calendar, calendarOf, findCalendars } from './calendar.store.ts'

const mostKnown = 5000

type Asking = Pick<Context, 'database'>

export type Calendars = {
  /** `fresh` reads it again. Undefined where there is no such doctor. */
  find(ctx: Asking, doctor_id: string, fresh?: boolean): Promise<Calendar | undefined>
  /** In this order, of at least these versions. */
  findAll(ctx: Asking, wanted: readonly Pick<Calendar, 'id' | 'version'>[]): Promise<Calendar[]>
}

export function createCalendars(most_known = mostKnown): Calendars {
  const known = new Map<string, Calendar>()

  async function read(ctx: Asking, ids: readonly string[]): Promise<Map<string, Calendar>> {
    const stored = await ctx.database.read(findCalendars(ids))
    for (const id of ids) known.delete(id)
    const found = new Map(stored.map((row) => [row.id, calendarOf(row)]))
    for (const calendar of found.values()) {
      for (const oldest of known.size >= most_known ? known.keys().take(1) : []) known.delete(oldest)
      known.set(calendar.id, calendar)
    }
    return found
  }

  return {
    async find(ctx, doctor_id, fresh = false) {
      const cached = fresh ? undefined : known.get(doctor_id)
      return cached ?? (await read(ctx, [doctor_id])).get(doctor_id)
    },

    async findAll(ctx, wanted) {
      const missing = wanted.filter(({ id, version }) => known.get(id)?.version !== version).map(({ id }) => id)
      const found = missing.length > 0 ? await read(ctx, missing) : undefined
      return wanted.flatMap(({ id }) => found?.get(id) ?? known.get(id) ?? [])
    },
  }
}
