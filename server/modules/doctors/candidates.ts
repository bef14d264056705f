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

const nothing: Ranges = []

/** `{[1,5),[7,9)}` as PostgreSQL writes it. An open end is as far as time goes. */
export function parseRanges(text: string): Ranges {
  if (text === '{}') return nothing
  return text
    .slice(2, -2)
    .split('),[')
    .map((range) => {
      const [from, to] = range.split(',')
      return [Number(from), to === '' ? Infinity : Number(to)]
    })
}

export function rangesText(ranges: Ranges): string {
  return `{${ranges.map(([from, to]) => `[${from},${to})`).join()}}`
}

/** What is in one or the other. */
export function joinRanges(left: Ranges, right: Ranges): Ranges {
  if (left.length === 0 || right.length === 0) return left.length === 0 ? right : left
  const joined: [number, number][] = []
  for (const [from, to] of [...left, ...right].sort(([one], [other]) => one - other)) {
    const last = joined.at(-1)
    if (last && from <= last[1]) last[1] = Math.max(last[1], to)
    else joined.push([from, to])
  }
  return joined
}

/** Goes through the wanted slots of one doctor: `next` is the one that it stands at. */
type Walk = {
  rank: number
  calendar: Calendar
  full: Ranges
  /** The first range that may still matter, the day whose slots are looked at, and where among them. */
  range: number
  day: number
  slots: readonly Slot[]
  at: number
  next: Slot | undefined
}

/** Where a known range ends that holds this instant. Asked in order of time. */
function fullUntil(walk: Walk, at_ms: number): number | undefined {
  while ((walk.full[walk.range]?.[1] ?? Infinity) <= at_ms) walk.range += 1
  const range = walk.full[walk.range]
  return range && range[0] <= at_ms ? range[1] : undefined
}

/** A day that is full is passed over without being looked at. */
function goOn(walk: Walk, { after_ms, until_ms, accepts }: Wanted): void {
  for (;;) {
    const slot = walk.slots[walk.at]
    if (slot) {
      walk.at += 1
      const { starts_at_ms } = slot
      if (starts_at_ms <= after_ms || starts_at_ms > until_ms) continue
      if (fullUntil(walk, starts_at_ms) !== undefined || !accepts(walk.calendar, slot)) continue
      walk.next = slot
      return
    }
    walk.day += 1
    const begin_ms = walk.day * day_ms - earliest_ms
    if (begin_ms > until_ms) {
      walk.next = undefined
      return
    }
    const full_until_ms = fullUntil(walk, Math.max(begin_ms, after_ms)) ?? 0
    const first_day = Math.floor((Math.min(full_until_ms, until_ms + 2 * day_ms) - latest_ms) / day_ms)
    if (first_day > walk.day) {
      walk.slots = []
      walk.day = first_day - 1
    } else {
      walk.slots = slotsOn(walk.calendar, dateText(walk.day))
    }
    walk.at = 0
  }
}

/** The wanted slots of all doctors. `take` gives the next ones; `next` tells when the first of one doctor follows them. */
export function mergeCandidates(doctors: readonly { calendar: Calendar; full: Ranges }[], wanted: Wanted) {
  const day = Date.parse(wanted.first_date) / day_ms - 1
  const walks = doctors.map(({ calendar, full }, rank) => {
    const walk: Walk = { rank, calendar, full, range: 0, day, slots: [], at: 0, next: undefined }
    goOn(walk, wanted)
    return walk
  })
  const pending: Candidate[] = []

  function advance(): boolean {
    let first_ms = Infinity
    for (const { next } of walks) if (next && next.starts_at_ms < first_ms) first_ms = next.starts_at_ms
    if (first_ms === Infinity) return false
    const found: Candidate[] = []
    for (const walk of walks) {
      while (walk.next && walk.next.starts_at_ms < first_ms + hour_ms) {
        found.push({ rank: walk.rank, slot: walk.next })
        goOn(walk, wanted)
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
      return (found?.slot ?? walks[rank]?.next)?.starts_at_ms
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

const dates = new Map<number, string>()

/** The date that this is the number of, counted from 1970. A search asks for the same few of each doctor. */
function dateText(day: number): string {
  let text = dates.get(day)
  if (text === undefined) {
    if (dates.size >= 1000) dates.clear()
    dates.set(day, (text = new Date(day * day_ms).toISOString().slice(0, 10)))
  }
  return text
}
