// A zone whose clocks go forward soon, whatever day it is.

const zones = ['America/New_York', 'Africa/Cairo', 'America/Santiago', 'Australia/Sydney']
/** A course of three weeks around it can be booked. */
const [soonest_days, latest_days] = [9, 172]

/** The zone, and the first whole day after the change. */
export function nextForwardChange(): { zone: string; first_day: Temporal.PlainDate } {
  for (const zone of zones) {
    const now = Temporal.Now.zonedDateTimeISO(zone)
    let change = now.getTimeZoneTransition('next')
    while (change && !isForward(change)) change = change.getTimeZoneTransition('next')
    if (!change) continue
    const first_day = change.toPlainDate().add({ days: 1 })
    const { days } = now.toPlainDate().until(first_day)
    if (soonest_days <= days && days <= latest_days) return { zone, first_day }
  }
  throw new Error('no zone of the list goes forward in the months to come: add one')
}

function isForward(change: Temporal.ZonedDateTime): boolean {
  return change.offsetNanoseconds > change.subtract({ nanoseconds: 1 }).offsetNanoseconds
}
