// Figures of a period: of doctors, appointments, resources and the hospital. Counts and times, and nothing about any person.
import { z } from 'zod'
import { AppointmentStatus } from '../appointments/appointment-record.contract.ts'
import { ResourceType } from '../resources/resource.contract.ts'
import { Id, Instant, LocalDate } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, notFound } from '#platform/contract/problem.ts'

/** A time that is only held is no appointment yet. */
export const CountedStatus = AppointmentStatus.exclude(['held'])
export type CountedStatus = z.output<typeof CountedStatus>
export const countedStatuses = CountedStatus.options

export const mostDays = 366

export const PeriodQuery = z.strictObject({
  from: LocalDate.optional().describe('First local day of the hospital; 29 days before `to` unless said'),
  to: LocalDate.optional().describe('Last day, included; today unless said'),
})
export type PeriodQuery = z.output<typeof PeriodQuery>

const Period = {
  from: LocalDate,
  to: LocalDate.describe('Included'),
  timezone: z.string().describe('Whose local days these are: that of the hospital'),
  is_over: z.boolean().describe('Whether the last day has ended: until then figures still change'),
  as_of: Instant.describe('What is counted is what was known then'),
}
const Stretch = {
  from: LocalDate,
  to: LocalDate.describe('Included'),
  is_partial: z.boolean().describe('Cut off by an end of the period, or not over yet'),
}
const Count = z.int()
const Ratio = z.number().nullable().describe('Null where it would be divided by 0')
const StatusCounts = z.object(
  Object.fromEntries(countedStatuses.map((s) => [s, Count])) as Record<CountedStatus, typeof Count>,
)
const Rows = z
  .string()
  .describe(
    'Where the rows behind each figure are listed: add `&figure=` and its name, and narrow it by what tells an item apart',
  )

export const UtilizationFigures = z.object({
  available_minutes: Count,
  booked_minutes: Count,
  outside_minutes: Count,
  completed_minutes: Count,
  utilization: Ratio,
  appointments: Count,
  by_status: StatusCounts,
  no_show_rate: Ratio,
})
export const UtilizationQuery = PeriodQuery.extend({
  group_by: z.enum(['doctor', 'department', 'day', 'week', 'month']).default('doctor'),
  doctor_id: Id.optional(),
  department_id: Id.optional().describe('Of the doctors, as it was on each day'),
})
export type UtilizationQuery = z.output<typeof UtilizationQuery>
export const DoctorUtilization = z.object({
  ...Period,
  group_by: UtilizationQuery.shape.group_by.unwrap(),
  items: z
    .array(
      z.object({ ...Stretch, doctor_id: Id.nullable(), department_id: Id.nullable(), ...UtilizationFigures.shape }),
    )
    .describe('They add up to the total'),
  total: UtilizationFigures,
  rows: Rows,
})
export type DoctorUtilization = z.output<typeof DoctorUtilization>

export const TrendFigures = z.object({
  appointments: Count,
  by_status: StatusCounts,
  by_specialization: z.array(z.object({ specialization: z.string(), appointments: Count })),
  lead_time_hours: Ratio,
  new_patient_appointments: Count,
  returning_patient_appointments: Count,
})
export const TrendQuery = PeriodQuery.extend({
  group_by: z.enum(['day', 'week', 'month']).default('day'),
  doctor_id: Id.optional(),
  department_id: Id.optional().describe('Of the doctors, as it was on each day'),
})
export type TrendQuery = z.output<typeof TrendQuery>
export const AppointmentTrends = z.object({
  ...Period,
  group_by: TrendQuery.shape.group_by.unwrap(),
  items: z.array(z.object({ ...Stretch, ...TrendFigures.shape })).describe('They add up to the total'),
  total: TrendFigures,
  rows: Rows,
})
export type AppointmentTrends = z.output<typeof AppointmentTrends>

export const UsageFigures = z.object({
  available_minutes: Count,
  assigned_minutes: Count,
  occupancy: Ratio,
  departures: Count,
  mean_stay_hours: Ratio,
  mean_places: Ratio,
  turnover: Ratio,
})
export const UsageQuery = PeriodQuery.extend({
  group_by: z
    .enum(['ward', 'type', 'resource', 'day', 'week', 'month'])
    .default('ward')
    .describe('`ward`: type and ward'),
  type: ResourceType.optional(),
  ward: z.string().max(100).optional().describe('As it was at each moment'),
  department_id: Id.optional().describe('Of the resources, as it was at each moment'),
})
export type UsageQuery = z.output<typeof UsageQuery>
export const ResourceUsage = z.object({
  ...Period,
  counted_until: Instant.describe(
    'The end of the period, or now: what has not passed is neither available nor assigned',
  ),
  group_by: UsageQuery.shape.group_by.unwrap(),
  items: z
    .array(
      z.object({
        ...Stretch,
        type: ResourceType.nullable(),
        ward: z.string().nullable(),
        resource_id: Id.nullable(),
        ...UsageFigures.shape,
      }),
    )
    .describe('They add up to the total'),
  total: UsageFigures,
  rows: Rows,
})
export type ResourceUsage = z.output<typeof ResourceUsage>

const Compared = {
  current: Count,
  previous: Count,
  change: Ratio.describe('(current − previous) ÷ previous; null where previous is 0'),
}
const ComparedCounts = z.object({
  ...Compared,
  parts: z.array(z.object({ part: z.string(), ...Compared })).describe('They add up to the whole'),
})
export const AdminAnalytics = z.object({
  ...Period,
  previous_from: LocalDate.describe('The same number of days, just before'),
  previous_to: LocalDate,
  counted_until: Instant.describe(
    'A period that is not over is counted until now, and the one before until the same time of its day',
  ),
  users: ComparedCounts.describe('Active accounts at the end of each period, by role'),
  appointments: ComparedCounts.describe('By status'),
  visits: ComparedCounts.describe('By status'),
  prescriptions: ComparedCounts.describe('By status'),
  documents: ComparedCounts.describe('By kind'),
  rows: Rows,
})
export type AdminAnalytics = z.output<typeof AdminAnalytics>

export const figuresOfAll = defineProblem(
  'figures_of_all',
  403,
  'You see your own figures: those of the whole hospital need the permission for everyone',
)

const audit = (action: string) => ({ action: `analytics.${action}`, resource_type: 'figures' })
const access = 'analytics:read'

export const analyticsApi = {
  doctor_utilization: {
    method: 'GET',
    path: '/api/v1/analytics/doctor-utilization',
    summary: 'How much of the time that doctors offer is booked',
    description: `By the schedule that was in force when each slot began, at most ${mostDays} days at once. Doctors who are not active any more count for the time in which they were. A doctor sees their own figures.`,
    access,
    audit: audit('doctor_utilization'),
    query: UtilizationQuery,
    returns: [200, DoctorUtilization],
    problems: [notFound],
  },
  appointment_trends: {
    method: 'GET',
    path: '/api/v1/analytics/appointment-trends',
    summary: 'Appointments by day, week or month: status, specialization, lead time, new and returning patients',
    description: `At most ${mostDays} days at once. A doctor sees their own figures.`,
    access,
    audit: audit('appointment_trends'),
    query: TrendQuery,
    returns: [200, AppointmentTrends],
    problems: [notFound],
  },
  resource_usage: {
    method: 'GET',
    path: '/api/v1/analytics/resource-usage',
    summary: 'Occupancy, mean stay and turnover of beds, rooms and devices',
    description: `Times to the minute, at most ${mostDays} days at once. A transfer within a ward and type ends no stay; a bed that stood in two wards counts in each for its time there.`,
    access,
    audit: audit('resource_usage'),
    query: UsageQuery,
    returns: [200, ResourceUsage],
    problems: [figuresOfAll],
  },
  admin: {
    method: 'GET',
    path: '/api/v1/admin/analytics',
    summary: 'The hospital in a period, against the period before',
    access,
    audit: audit('admin'),
    query: PeriodQuery,
    returns: [200, AdminAnalytics],
    problems: [figuresOfAll],
  },
} as const satisfies Api
