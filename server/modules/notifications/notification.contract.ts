// What patients are told of their appointments: how they want it, and what was sent.
import { z } from 'zod'
import { Id, Instant, LocalTime, TimeZone } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { notFound } from '#platform/contract/problem.ts'
import { patientErased, patientInactive, patientMerged } from '../patients/patient.contract.ts'

const preferences = {
  email: z.boolean().describe('False: no e-mail about appointments at all'),
  reminder_minutes: z
    .array(z.int().min(15).max(20_160))
    .max(3)
    .refine((minutes) => new Set(minutes).size === minutes.length, 'Each reminder must be at another time')
    .describe('How long before the start to remind; an empty list: never'),
  quiet_from: LocalTime.nullable().describe('From then on nothing is sent that can wait'),
  quiet_until: LocalTime.nullable().describe('May be on the next day'),
  timezone: TimeZone.nullable().describe("Of the quiet hours; null: the hospital's"),
}

export const NotificationPreferences = z.object({
  patient_id: Id,
  ...preferences,
  updated_at: Instant.nullable().describe('Null while nothing but the usual was chosen'),
  version: z.int(),
})
export type NotificationPreferences = z.output<typeof NotificationPreferences>

export const PreferencesRequest = z
  .strictObject({ ...preferences, timezone: preferences.timezone.default(null) })
  .refine(({ quiet_from, quiet_until }) => (quiet_from === null) === (quiet_until === null), {
    path: ['quiet_until'],
    error: 'Quiet hours need both a beginning and an end',
  })
  .refine(({ quiet_from, quiet_until }) => quiet_from === null || quiet_from !== quiet_until, {
    path: ['quiet_until'],
    error: 'Quiet hours must end at another time than they begin',
  })
export type PreferencesRequest = z.output<typeof PreferencesRequest>

const Attempt = z.object({
  attempt: z.int(),
  attempted_at: Instant,
  outcome: z.enum(['sent', 'failed']),
  reason: z.string().nullable().describe('A code, such as recipient_refused; never an address'),
  smtp_code: z.int().nullable(),
})

export const Notice = z.object({
  id: Id,
  kind: z.enum(['confirmation', 'change', 'cancellation', 'reminder']),
  channel: z.enum(['email']),
  offset_minutes: z.int().describe('Of a reminder: how long before the start'),
  created_at: Instant,
  status: z
    .enum(['waiting', 'sent', 'kept', 'failed', 'void', 'skipped', 'forgotten'])
    .describe(
      'kept: no mail server is configured; void: overtaken before it was sent; forgotten: sent or failed so long ago that only this is left',
    ),
  skipped: z
    .enum(['no_address', 'not_wanted', 'too_late', 'record_damaged'])
    .nullable()
    .describe('Why nothing was sent; record_damaged: where to write to did not pass its integrity check'),
  next_attempt_at: Instant.nullable(),
  sent_at: Instant.nullable(),
  attempts: z.array(Attempt),
})
export type Notice = z.output<typeof Notice>

const OfPatient = z.strictObject({ patient_id: Id })
const problems = [patientErased, patientInactive, patientMerged]

export const notificationApi = {
  notices: {
    method: 'GET',
    path: '/api/v1/appointments/{appointment_id}/notices',
    summary: 'What the patient was told of an appointment, and how it went',
    access: 'appointments:read',
    audit: { action: 'appointment.read', resource_type: 'appointment' },
    params: z.strictObject({ appointment_id: Id }),
    returns: [200, z.object({ items: z.array(Notice) })],
    problems: [notFound],
  },
  preferences: {
    method: 'GET',
    path: '/api/v1/patients/{patient_id}/notification-preferences',
    summary: 'How a patient wants to be told of appointments',
    access: 'patients:read',
    audit: { action: 'notification_preferences.read', resource_type: 'patient' },
    params: OfPatient,
    returns: [200, NotificationPreferences],
    versioned: true,
    problems: [patientErased],
  },
  choose: {
    method: 'PUT',
    path: '/api/v1/patients/{patient_id}/notification-preferences',
    summary: 'Choose how a patient is told of appointments; patients may for themselves',
    access: 'patients:update',
    audit: { action: 'notification_preferences.update', resource_type: 'patient' },
    params: OfPatient,
    body: PreferencesRequest,
    returns: [200, NotificationPreferences],
    versioned: true,
    problems,
    example: {
      email: true,
      reminder_minutes: [1440, 120],
      quiet_from: '21:00',
      quiet_until: '08:00',
      timezone: 'America/New_York',
    },
  },
} as const satisfies Api
