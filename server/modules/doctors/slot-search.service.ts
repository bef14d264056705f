import type { Context } from '#platform/context.ts'
import type { Calendar } from './calendar.store.ts'
import type { Calendars } from './calendars.ts'
import {
  type Candidate,
  joinRanges,
  learnFull,
  mergeCandidates,
  parseRanges,
  type Ranges,
  rangesText,
} from './candidates.ts'
import type { Doctor } from './doctor.contract.ts'
import { type DoctorFilter, findDoctors } from './doctor.store.ts'
import { folded } from './folded.ts'
import type { NextSlotQuery, NextSlots, SlotPriority } from './slot.contract.ts'
import {
  findAllTaken,
  findResourceTimes,
  findSearchedDoctors,
  findTakenWhileHeld,
  findTakenWithin,
  keepFullTimes,
  type ResourceFilter,
  type SearchedDoctor,
} from './slot.store.ts'
import { bookingHorizonDays, freeSlots, instantText, type Slot, shownSlot, type TimeRange } from './slots.ts'
import { slotsOn } from './timetable.ts'

const day_ms = 86_400_000
/** As many doctors as one search looks at. */
const mostDoctors = 5000
/** Looked at in one round trip: at first little more than is wanted, then ever more. */
const [leastLookedAt, mostLookedAt] = [40, 20_000]
/** One search looks at no more in all, which takes it a second: four full weeks of 200 doctors are fewer. */
const mostLookedAtInAll = 150_000
/** A search that looked at so many times in vain keeps what it learnt, so that the next one need not. */
const vainWorthKeeping = 60

type Asking = Pick<Context, 'database' | 'system'>
type Looked = { starts_at_ms: number; may_be_free: boolean }

/** The next free slots of every doctor who matches, in order of time. */
export async function listNextSlots(
  ctx: Asking,
  calendars: Calendars,
  query: NextSlotQuery,
  most_in_all = mostLookedAtInAll,
): Promise<NextSlots> {
  const { from, limit, priority, resource_type, ward, ...filter } = query
  const now_ms = Temporal.Now.instant().epochMilliseconds
  const until_ms = now_ms + bookingHorizonDays * day_ms
  const { searched, allTaken } = await ctx.database.once(async (tx) => {
    const ahead = { starts_at_ms: now_ms, ends_at_ms: until_ms }
    const [searched, resources] = await Promise.all([
      tx.rows(findSearchedDoctors(filter, priority, mostDoctors)),
      resource_type === undefined ? undefined : tx.one(findAllTaken({ resource_type, ward }, ahead)),
    ])
    return { searched, allTaken: resources === undefined ? '{}' : resources.taken }
  })
  // There is no such resource: nobody need look when it is free.
  if (allTaken === null) return { items: [] }
  const noneFree: Ranges = timesOf(allTaken).map(({ starts_at_ms, ends_at_ms }) => [starts_at_ms, ends_at_ms])
  const found = await calendars.findAll(ctx, searched)
  const known = new Map(searched.map((doctor) => [doctor.id, doctor]))
  const doctors = found.map((calendar) => {
    return { calendar, full: joinRanges(fullTimes(calendar, known.get(calendar.id)), noneFree) }
  })
  // Yesterday in UTC is today somewhere.
  const yesterday = Temporal.Now.plainDateISO('UTC').subtract({ days: 1 }).toString()
  const candidates = mergeCandidates(doctors, {
    first_date: from === undefined || from < yesterday ? yesterday : from,
    after_ms: now_ms,
    until_ms,
    accepts: acceptance(priority, filter.location),
  })

  const free: Candidate[] = []
  const looked = new Map<number, Looked[]>()
  let left = most_in_all
  for (let most = Math.max(leastLookedAt, 2 * limit); free.length < limit; most = Math.min(4 * most, mostLookedAt)) {
    const batch = candidates.take(Math.min(most, left))
    if (batch.length === 0) break
    left -= batch.length
    const judged = await judge(ctx, doctors, batch, { resource_type, ward })
    for (const { candidate, may_be_free, is_free } of judged) {
      const { rank, slot } = candidate
      const list = looked.get(rank) ?? []
      looked.set(rank, list)
      list.push({ starts_at_ms: slot.starts_at_ms, may_be_free })
      if (is_free) free.push(candidate)
    }
  }
  // What lies elsewhere, or where no resource is free, was not looked at.
  if (filter.location === undefined && noneFree.length === 0) {
    const learnt = [...looked].flatMap(([rank, list]) => {
      const calendar = doctors[rank]?.calendar
      if (!calendar || list.every(({ may_be_free }) => may_be_free)) return []
      const seen_from_ms = from === undefined ? now_ms : (list[0]?.starts_at_ms ?? now_ms)
      const full = rangesText(learnFull(seen_from_ms, list, candidates.next(rank)))
      const { id, version } = calendar
      return [{ doctor_id: id, version, freed: known.get(id)?.freed ?? -1, full }]
    })
    const vain = [...looked.values()].flat().filter(({ may_be_free }) => !may_be_free).length
    if (vain >= vainWorthKeeping)
      await ctx.database
        .once((tx) => tx.run(keepFullTimes(learnt, priority, now_ms)))
        .catch((error: unknown) => {
          ctx.system.log.warn({ err: error }, 'what a search for free slots has learnt could not be kept')
        })
  }
  const items = free.slice(0, limit).map(({ rank, slot }) => shownSlot(doctors[rank]?.calendar.id ?? '', slot))
  const next = left === 0 && free.length < limit ? candidates.take(1)[0] : undefined
  return next ? { items, searched_until: instantText(next.slot.starts_at_ms) } : { items }
}

/** Every doctor who matches, and whether they have a free slot on a date of their zone. */
export async function judgeDoctorsOn(
  ctx: Asking,
  calendars: Calendars,
  filter: DoctorFilter,
  date: string,
): Promise<{ doctor: Doctor; is_free: boolean }[]> {
  const now_ms = Temporal.Now.instant().epochMilliseconds
  const last_ms = now_ms + bookingHorizonDays * day_ms
  const found = await ctx.database.once((tx) =>
    tx.rows(findDoctors(filter, { skip: 0, limit: mostDoctors, after: undefined })),
  )
  const known = new Map((await calendars.findAll(ctx, found)).map((calendar) => [calendar.id, calendar]))
  const accepts = acceptance('routine', filter.location)
  const isNear = Math.abs(Date.parse(date) - now_ms) < (bookingHorizonDays + 2) * day_ms
  const offered = found.map(({ id }) => {
    const calendar = known.get(id)
    const slots = calendar && isNear ? slotsOn(calendar, date) : []
    return slots.filter(
      (slot) => calendar && accepts(calendar, slot) && slot.starts_at_ms > now_ms && slot.starts_at_ms <= last_ms,
    )
  })
  const doctors = found.map(({ id }, at) => ({ doctor_id: id, slots: offered[at] ?? [] }))
  const slots = offered.flat()
  const around = {
    starts_at_ms: slots.reduce((least, slot) => Math.min(least, slot.starts_at_ms), Infinity),
    ends_at_ms: slots.reduce((most, slot) => Math.max(most, slot.ends_at_ms), 0),
  }
  const free = slots.length > 0 ? (await findFree(ctx, doctors, around)).free : new Set<Slot>()
  return found.map((doctor, at) => ({ doctor, is_free: offered[at]?.some((slot) => free.has(slot)) ?? false }))
}

function fullTimes(calendar: Calendar, searched: SearchedDoctor | undefined): Ranges {
  // A calendar that has changed since is read anew; what was known of the old one says nothing of it.
  return searched && searched.version === calendar.version ? parseRanges(searched.full) : []
}

function acceptance(priority: SlotPriority, location: string | undefined) {
  const part = location === undefined ? undefined : folded(location)
  return (calendar: Calendar, slot: Slot): boolean => {
    if (slot.is_reserved && priority === 'routine') return false
    return part === undefined || folded(slot.location ?? calendar.location).includes(part)
  }
}

/** Which of these are free, of the doctor and of one of the resources where such are wanted; in their order. */
async function judge(
  ctx: Asking,
  doctors: readonly { calendar: Calendar }[],
  batch: readonly Candidate[],
  resources: ResourceFilter,
) {
  const ofDoctors = [...Map.groupBy(batch, ({ rank }) => rank)].map(([rank, candidates]) => {
    return { doctor_id: doctors[rank]?.calendar.id ?? '', slots: candidates.map(({ slot }) => slot) }
  })
  const around = {
    starts_at_ms: batch.reduce((least, { slot }) => Math.min(least, slot.starts_at_ms), Infinity),
    ends_at_ms: batch.reduce((most, { slot }) => Math.max(most, slot.ends_at_ms), 0),
  }
  const [judged, resourceTimes] = await Promise.all([
    findFree(ctx, ofDoctors, around),
    resources.resource_type === undefined ? undefined : findResources(ctx, resources, around),
  ])
  return batch.map((candidate) => ({
    candidate,
    may_be_free: judged.open.has(candidate.slot),
    is_free: judged.free.has(candidate.slot) && (!resourceTimes || isOneFree(resourceTimes, candidate.slot)),
  }))
}

type SlotsOfDoctor = { doctor_id: string; slots: readonly Slot[] }

/** Which slots are free, and which may become so by themselves because they are no more than held. */
async function findFree(ctx: Asking, doctors: readonly SlotsOfDoctor[], around: TimeRange) {
  const windows = doctors.flatMap(({ doctor_id, slots }) => windowsOf(slots).map((time) => ({ doctor_id, ...time })))
  const ids = doctors.map(({ doctor_id }) => doctor_id)
  const [taken, held] = await ctx.database.once((tx) =>
    Promise.all([tx.rows(findTakenWithin(windows)), tx.rows(findTakenWhileHeld(ids, around))]),
  )
  const takenOf = Map.groupBy(taken.entries(), ([at]) => windows[at]?.doctor_id)
  const heldOf = Map.groupBy(held, ({ doctor_id }) => doctor_id)
  const [free, open] = [new Set<Slot>(), new Set<Slot>()]
  for (const { doctor_id, slots } of doctors) {
    const open_slots = freeSlots(
      slots,
      (takenOf.get(doctor_id) ?? []).flatMap(([, row]) => timesOf(row.taken)),
    )
    for (const slot of open_slots) open.add(slot)
    const times = (heldOf.get(doctor_id) ?? []).map(({ starts_at, ends_at }) => ({
      starts_at_ms: Date.parse(starts_at),
      ends_at_ms: Date.parse(ends_at),
    }))
    for (const slot of freeSlots(open_slots, times)) free.add(slot)
  }
  return { free, open }
}

/** Stretches of slots without long gaps: what lies between two slots that are weeks apart is of no interest. */
function windowsOf(slots: readonly Slot[]): TimeRange[] {
  const windows: TimeRange[] = []
  for (const { starts_at_ms, ends_at_ms } of slots) {
    const last = windows.at(-1)
    if (last && starts_at_ms - last.ends_at_ms <= day_ms) last.ends_at_ms = Math.max(last.ends_at_ms, ends_at_ms)
    else windows.push({ starts_at_ms, ends_at_ms })
  }
  return windows
}

/** `{["2026-12-01 14:00:00+00","2026-12-01 15:00:00+00"),…}` as PostgreSQL writes it in a UTC session. */
function timesOf(multirange: string): TimeRange[] {
  const ends = Array.from(multirange.matchAll(/"([\d-]+) ([\d:.]+)\+00"/g), ([, date, time]) =>
    Date.parse(`${date}T${time}Z`),
  )
  return Array.from({ length: ends.length / 2 }, (_, at) => {
    return { starts_at_ms: ends[2 * at] ?? 0, ends_at_ms: ends[2 * at + 1] ?? Infinity }
  })
}

/** When each resource of a kind is taken, in order of time. */
async function findResources(ctx: Asking, filter: ResourceFilter, around: TimeRange): Promise<TimeRange[][]> {
  const rows = await ctx.database.once((tx) => tx.rows(findResourceTimes(filter, around)))
  return [...Map.groupBy(rows, ({ resource_id }) => resource_id).values()].map((times) =>
    times
      .flatMap(({ starts_at, ends_at }) => {
        if (starts_at === null) return []
        return [{ starts_at_ms: Date.parse(starts_at), ends_at_ms: ends_at === null ? Infinity : Date.parse(ends_at) }]
      })
      .toSorted((left, right) => left.starts_at_ms - right.starts_at_ms),
  )
}

/** The times of one resource do not overlap: of those that begin before the slot ends only the last can reach into it. */
function isOneFree(resources: readonly TimeRange[][], { starts_at_ms, ends_at_ms }: Slot): boolean {
  return resources.some((taken) => {
    let [first, behind] = [0, taken.length]
    while (first < behind) {
      const middle = (first + behind) >> 1
      if ((taken[middle]?.starts_at_ms ?? Infinity) < ends_at_ms) first = middle + 1
      else behind = middle
    }
    return (taken[first - 1]?.ends_at_ms ?? 0) <= starts_at_ms
  })
}
