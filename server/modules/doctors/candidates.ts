// The slots of many doctors in order of time, without those that are known to be taken, and what is learnt by looking at them.
// Pure; knows no database.
import type { Calendar } from './calendar.store.ts'
import type { Slot } from './slots.ts'
import { slotsOn } from './timetable.ts'

/** Milliseconds since 1970, in order; the ends are not included. */
export type Ranges = readonly (readonly [from_ms: number, to_ms: number])[]
/** `rank` is the doctor's place in the order of names. */
export type Candidate = { rank: number; slot: Slot }
export type Wanted = {
  /** Of the zone of each doctor. */
  first_date: string
  /** Slots start after the one, and up to the other. */
  after_ms: number
  until_ms: number
  accepts: (calendar: Calendar, slot: Slot) => boolean
}

const hour_ms = 3_600_000
const day_ms = 24 * hour_ms
/** A date begins up to 14 hours before it does in UTC, and ends up to 12 hours after. */
const [earliest_ms, latest_ms] = [14 * hour_ms, 12 * hour_ms]

/** `{[1,5),[7,9)}` as PostgreSQL writes it. An open end is as far as time goes. */
export function parseRanges(text: string): Ranges {
  return Array.from(text.matchAll(/\[(-?\d+),(-?\d*)\)/g), ([, from, to]) => [
    Number(from),
    to === '' ? Infinity : Number(to),
  ])
}

export function rangesText(ranges: Ranges): string {
  return `{${ranges.map(([from, to]) => `[${from},${to})`).join()}}`
}

/** The wanted slots of one doctor. A day that is full is passed over without being looked at. */
function* candidatesOf(calendar: Calendar, full: Ranges, wanted: Wanted): Generator<Slot> {
  const { after_ms, until_ms, accepts } = wanted
  let at = 0
  const fullFrom = (from_ms: number) => {
    while ((full[at]?.[1] ?? Infinity) <= from_ms) at += 1
    const range = full[at]
    return range && range[0] <= from_ms ? range : undefined
  }
  for (let day = dayNumber(wanted.first_date); day * day_ms - earliest_ms <= until_ms; day += 1) {
    const known = fullFrom(Math.max(day * day_ms - earliest_ms, after_ms))
    if (known && known[1] >= (day + 1) * day_ms + latest_ms) {
      day = Math.floor((Math.min(known[1], until_ms + 2 * day_ms) - latest_ms) / day_ms) - 1
      continue
    }
    for (const slot of slotsOn(calendar, dateText(day))) {
      if (slot.starts_at_ms <= after_ms || slot.starts_at_ms > until_ms) continue
      if (!fullFrom(slot.starts_at_ms) && accepts(calendar, slot)) yield slot
    }
  }
}

/** The wanted slots of all doctors. `take` gives the next ones; `next` tells when the first of one doctor follows them. */
export function mergeCandidates(doctors: readonly { calendar: Calendar; full: Ranges }[], wanted: Wanted) {
  const streams = doctors.map(({ calendar, full }, rank) => {
    const rest = candidatesOf(calendar, full, wanted)
    return { rank, rest, next: rest.next().value ?? undefined }
  })
  const pending: Candidate[] = []

  function advance(): boolean {
    const first_ms = streams.reduce((least, { next }) => Math.min(least, next?.starts_at_ms ?? Infinity), Infinity)
    if (first_ms === Infinity) return false
    const found: Candidate[] = []
    for (const stream of streams) {
      while (stream.next && stream.next.starts_at_ms < first_ms + hour_ms) {
        found.push({ rank: stream.rank, slot: stream.next })
        stream.next = stream.rest.next().value ?? undefined
      }
    }
    found.sort((left, right) => left.slot.starts_at_ms - right.slot.starts_at_ms || left.rank - right.rank)
    pending.push(...found)
    return true
  }

  return {
    take(most: number): Candidate[] {
      while (pending.length < most && advance());
      return pending.splice(0, most)
    },
    next(rank: number): number | undefined {
      const found = pending.find((candidate) => candidate.rank === rank)
      return (found?.slot ?? streams[rank]?.next)?.starts_at_ms
    },
  }
}

/**
 * Where no slot starts that may be free, after somebody looked at all candidates of a doctor from `seen_from_ms` on: from one
 * that may be free to the next. `next_ms` is the first that was not looked at; undefined where there is none.
 */
export function learnFull(
  seen_from_ms: number,
  looked_at: readonly { starts_at_ms: number; may_be_free: boolean }[],
  next_ms: number | undefined,
): Ranges {
  const ranges: [number, number][] = []
  let from_ms = seen_from_ms
  let isTaken = false
  for (const { starts_at_ms, may_be_free } of looked_at) {
    isTaken ||= !may_be_free
    if (!may_be_free) continue
    if (isTaken) ranges.push([from_ms, starts_at_ms])
    from_ms = starts_at_ms + 1
    isTaken = false
  }
  if (isTaken) ranges.push([from_ms, next_ms ?? (looked_at.at(-1)?.starts_at_ms ?? from_ms) + 1])
  return ranges
}

function dayNumber(date: string): number {
  return Date.parse(date) / day_ms
}

/** The date that this is the number of, counted from 1970. */
export function dateText(day: number): string {
  return new Date(day * day_ms).toISOString().slice(0, 10)
}
