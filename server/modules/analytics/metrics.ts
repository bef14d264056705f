// The catalogue itself. What divides and what is divided by is named here, and nowhere else.
import { type CountedStatus, countedStatuses } from './analytics.contract.ts'
import type { Metric } from './metric.contract.ts'

export type Definition = Omit<Metric, 'name' | 'subject'> & {
  /** Of a quotient: the figures that are added up above and below the line, and what the result is multiplied by. */
  quotient?: { above: readonly string[]; below: readonly string[]; times?: number }
}

const byStart = 'The local day of the hospital on which it starts'
const within = 'The part that lies in the period'

const utilization = {
  available_minutes: {
    title: 'Available time',
    unit: 'minutes',
    numerator: 'Length of the slots that the schedule in force when each begins offers',
    denominator: null,
    exclusions: 'Slots that time off touches; time before the profile was made and while it is not active',
    time: byStart,
  },
  booked_minutes: {
    title: 'Booked time',
    unit: 'minutes',
    numerator: 'Available time that appointments take, counted once however many overlap',
    denominator: null,
    exclusions: 'Cancelled appointments and times that are only held',
    time: byStart,
  },
  outside_minutes: {
    title: 'Booked beyond the available time',
    unit: 'minutes',
    numerator:
      'Length of the appointments less the booked time: overbooked, or outside of the hours since these were changed',
    denominator: null,
    exclusions: 'Cancelled appointments and times that are only held',
    time: byStart,
  },
  completed_minutes: {
    title: 'Completed time',
    unit: 'minutes',
    numerator: 'Length of the completed appointments',
    denominator: null,
    exclusions: 'Every other status',
    time: byStart,
  },
  utilization: {
    title: 'Utilization',
    unit: 'ratio',
    numerator: 'booked_minutes',
    denominator: 'available_minutes; null where that is 0',
    exclusions: 'Those of its parts',
    time: byStart,
    quotient: { above: ['booked_minutes'], below: ['available_minutes'] },
  },
  no_show_rate: {
    title: 'No-show rate',
    unit: 'ratio',
    numerator: 'no_show',
    denominator: 'no_show + checked_in + in_progress + completed: whoever came or should have; null where that is 0',
    exclusions: 'Cancelled appointments, and those of which nobody has said yet whether the patient came',
    time: byStart,
    quotient: { above: ['no_show'], below: ['no_show', 'checked_in', 'in_progress', 'completed'] },
  },
} as const satisfies Record<string, Definition>

const trends = {
  lead_time_hours: {
    title: 'Lead time',
    unit: 'hours',
    numerator: 'Time from when each appointment was first booked to its start, 0 where it was entered later',
    denominator: 'appointments; null where that is 0',
    exclusions: 'Times that are only held',
    time: byStart,
    quotient: { above: ['lead_minutes'], below: ['appointments'], times: 1 / 60 },
  },
  new_patient_appointments: {
    title: 'Appointments of new patients',
    unit: 'count',
    numerator:
      'Appointments before which the patient has none that was neither cancelled nor missed, with whichever doctor',
    denominator: null,
    exclusions: 'Cancelled appointments and times that are only held',
    time: byStart,
  },
  returning_patient_appointments: {
    title: 'Appointments of returning patients',
    unit: 'count',
    numerator: 'Every other appointment: new and returning are all that were not cancelled',
    denominator: null,
    exclusions: 'Cancelled appointments and times that are only held',
    time: byStart,
  },
} as const satisfies Record<string, Definition>

const counts = {
  appointments: {
    title: 'Appointments',
    unit: 'count',
    numerator: 'Appointments of any status; by_status and by_specialization add up to it',
    denominator: null,
    exclusions: 'Times that are only held',
    time: byStart,
  },
  ...(Object.fromEntries(
    countedStatuses.map((status) => [
      status,
      {
        title: `Appointments with the status ${status}`,
        unit: 'count',
        numerator: `Appointments whose status is ${status} now`,
        denominator: null,
        exclusions: 'Every other status',
        time: byStart,
      },
    ]),
  ) as Record<CountedStatus, Definition>),
} as const satisfies Record<string, Definition>

const resources = {
  available_minutes: {
    title: 'Available time',
    unit: 'minutes',
    numerator: 'Time in service times the number of lanes, by ward and lanes as they were at each moment',
    denominator: null,
    exclusions: 'Maintenance, retirement, and what has not passed yet; cleaning counts as available',
    time: within,
  },
  assigned_minutes: {
    title: 'Assigned time',
    unit: 'minutes',
    numerator: 'Time during which somebody had it, a stay that goes on until now',
    denominator: null,
    exclusions: 'Reservations, and what has not passed yet',
    time: within,
  },
  occupancy: {
    title: 'Occupancy',
    unit: 'ratio',
    numerator: 'assigned_minutes',
    denominator: 'available_minutes; null where that is 0',
    exclusions: 'Those of its parts',
    time: within,
    quotient: { above: ['assigned_minutes'], below: ['available_minutes'] },
  },
  departures: {
    title: 'Departures',
    unit: 'count',
    numerator: 'Stays that ended by a release, or by a transfer to another ward or type',
    denominator: null,
    exclusions: 'Transfers within a ward and type',
    time: 'The moment of the release or transfer',
  },
  mean_stay_hours: {
    title: 'Mean stay',
    unit: 'hours',
    numerator:
      'Whole length of the stays that ended in the period, from the arrival in the ward and type, transfers within it included',
    denominator: 'departures; null where that is 0',
    exclusions: 'Stays that go on',
    time: 'The moment of the release or transfer',
    quotient: { above: ['ended_stay_minutes'], below: ['departures'], times: 1 / 60 },
  },
  mean_places: {
    title: 'Mean number of places',
    unit: 'count',
    numerator: 'available_minutes',
    denominator: 'Minutes of the period that have passed; null where that is 0',
    exclusions: 'Those of its parts',
    time: within,
    quotient: { above: ['available_minutes'], below: ['passed_minutes'] },
  },
  turnover: {
    title: 'Turnover',
    unit: 'ratio',
    numerator: 'departures',
    denominator: 'mean_places: how many stays ended in a place; null where that is 0',
    exclusions: 'Those of its parts',
    time: 'The moment of the release or transfer',
    quotient: { above: ['departures'], below: ['mean_places'] },
  },
} as const satisfies Record<string, Definition>

const compared = {
  users: {
    title: 'Accounts',
    unit: 'count',
    numerator: 'Accounts that are active now and were made before the end of the period, by their role now',
    denominator: null,
    exclusions: 'Deactivated accounts, and doctors who wait for approval',
    time: 'Made before the end of the period',
  },
  appointments: counts.appointments,
  visits: {
    title: 'Visits',
    unit: 'count',
    numerator: 'Visits that were opened, by their status now',
    denominator: null,
    exclusions: 'None: cancelled ones are a part of their own',
    time: 'The moment of opening',
  },
  prescriptions: {
    title: 'Prescriptions',
    unit: 'count',
    numerator: 'Prescriptions that were begun, by their status now',
    denominator: null,
    exclusions: 'None: drafts and cancelled ones are parts of their own',
    time: 'The moment of the first draft',
  },
  documents: {
    title: 'Documents',
    unit: 'count',
    numerator: 'Documents that were uploaded, every version, by kind',
    denominator: null,
    exclusions: 'Deleted ones',
    time: 'The moment of the upload',
  },
} as const satisfies Record<string, Definition>

/** By where they are found. */
export const metrics = {
  doctor_utilization: { ...utilization, ...counts },
  appointment_trends: { ...counts, ...trends },
  resource_usage: resources,
  admin_analytics: compared,
} as const satisfies Record<string, Record<string, Definition>>

/** The names of the figures of each, in the order of the catalogue. */
export const figureNames = Object.fromEntries(
  Object.entries(metrics).map(([subject, definitions]) => [subject, Object.keys(definitions)]),
) as Record<keyof typeof metrics, string[]>

/** The figures with the quotients that they make: null where one would be divided by nothing. */
export function withQuotients<
  D extends Readonly<Record<string, Definition>>,
  F extends Readonly<Record<string, number>>,
>(definitions: D, figures: F): F & Record<QuotientName<D>, number | null> {
  const known: Record<string, number | null> = { ...figures }
  for (const [name, { quotient }] of Object.entries<Definition>(definitions)) {
    if (!quotient) continue
    const below = sum(known, quotient.below)
    known[name] = below === 0 ? null : rounded((sum(known, quotient.above) / below) * (quotient.times ?? 1))
  }
  return known as F & Record<QuotientName<D>, number | null>
}
type QuotientName<D> = { [K in keyof D]: D[K] extends { quotient: unknown } ? K : never }[keyof D]

function sum(figures: Readonly<Record<string, number | null>>, names: readonly string[]): number {
  return names.reduce((total, name) => {
    const value = figures[name]
    if (value === undefined) throw new Error(`the figure ${name} is missing`)
    return total + (value ?? 0)
  }, 0)
}

/** Six decimals: more than anybody reads, and the same on every machine. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6
}
