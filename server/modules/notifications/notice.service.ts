// Telling patients of their appointments: at once what was booked, changed or cancelled, and a reminder before. Each thing once:
// the notice, its mail and the job that sends it commit with how far the relay of events has come.
import { randomUUIDv7 } from 'node:crypto'
import type { Context, System } from '#platform/context.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import type { Database, Tx } from '#platform/database/transaction.ts'
import type { FollowedEvent } from '#platform/events/follower.ts'
import { queueMail } from '#platform/mail/queue.ts'
import type { MailTemplate } from '#platform/mail/templates.ts'
import { calendarOf, calendarText } from '#modules/appointments'
import { emailOf } from '#modules/patients'
import {
  appointmentExists,
  findDueReminders,
  findTold,
  insertNotice,
  linkMail,
  listNotices,
  type Told,
  voidUnsent,
} from './notice.store.ts'
import type { Notice } from './notification.contract.ts'
import { quietHours, sendingTime } from './sending-time.ts'

/** Of these an appointment tells its patient. */
export const toldTypes = ['appointment.booked', 'appointment.rescheduled', 'appointment.cancelled']

const reminderBatch = 100

const templates = {
  confirmation: 'appointment_confirmed',
  change: 'appointment_changed',
  cancellation: 'appointment_cancelled',
  reminder: 'appointment_reminder',
} as const satisfies Record<Notice['kind'], MailTemplate>

type Parts = Pick<System, 'keys' | 'configuration'>

/**
 * Tells of what became of the appointments, as they are now: of two changes that follow at once only the last is told, and of an
 * appointment that was cancelled before anything was sent nothing is.
 */
export async function tellOf(tx: Tx, system: Parts, events: readonly FollowedEvent[]): Promise<void> {
  const ids = [...new Set(events.map(({ subject_id }) => subject_id))]
  await tx.run(voidUnsent(ids))
  for (const told of await tx.rows(findTold(ids))) {
    const kind = kindOf(told)
    if (kind) await tell(tx, system, told, { kind, occurrence: String(told.version), offset_minutes: 0 })
  }
}

function kindOf({ status, was_told }: Told & { was_told: boolean }): Notice['kind'] | undefined {
  if (status === 'cancelled') return was_told ? 'cancellation' : undefined
  if (status !== 'booked' && status !== 'confirmed') return undefined
  return was_told ? 'change' : 'confirmation'
}

/** Queues every reminder that is due, a batch in a transaction. Safe to run at once on several servers, and to kill. */
export async function remindOfAppointments(database: Database, system: Parts): Promise<number> {
  for (let total = 0; ;) {
    const given = await database.transaction(async (tx) => {
      const due = await tx.rows(findDueReminders(reminderBatch))
      for (const { offset_minutes, ...told } of due)
        await tell(tx, system, told, { kind: 'reminder', occurrence: told.appointment_time, offset_minutes })
      return due.length
    })
    total += given
    if (given < reminderBatch) return total
  }
}

type What = Pick<Notice, 'kind' | 'offset_minutes'> & { occurrence: string }

async function tell(tx: Tx, system: Parts, told: Told, what: What): Promise<void> {
  const { appointment_id, patient_id, appointment_time, now } = told
  const address = emailOf(system.keys.keyring, { ...told, id: patient_id })
  const skipped = skippedBecause(told, address)
  const id = randomUUIDv7()
  const isNew = await tx.first(insertNotice({ id, appointment_id, patient_id, ...what, skipped }))
  if (!isNew || skipped !== null || address === null) return
  const { configuration } = system
  const { language, link } = calendarOf(configuration, told.preferred_language)
  const mail_id = await queueMail(tx, system, {
    template: templates[what.kind],
    to: address,
    patient_id,
    language,
    data: { confirmation_code: told.confirmation_code, appointment_time, timezone: told.timezone, link },
    after: sendingTime(now, appointment_time, quietHours(told, configuration.timezone)),
    calendar: calendarPart(told, system, address),
  })
  await tx.run(linkMail(id, mail_id))
}

function skippedBecause({ email, appointment_time, now }: Told, address: string | null): Notice['skipped'] {
  if (Temporal.Instant.compare(appointment_time, now) <= 0) return 'too_late'
  if (email === false) return 'not_wanted'
  return address === null ? 'no_address' : null
}

function calendarPart(told: Told, { configuration }: Parts, attendee: string) {
  const is_cancelled = told.status === 'cancelled'
  const { sender: organizer, ...of } = calendarOf(configuration, told.preferred_language)
  const { appointment_id: id, confirmation_code, appointment_time, duration_minutes, version, updated_at } = told
  const appointment = { id, confirmation_code, appointment_time, duration_minutes, version, updated_at, is_cancelled }
  const text = calendarText([appointment], { ...of, between: { organizer, attendee } })
  return { method: is_cancelled ? 'CANCEL' : 'REQUEST', text } as const
}

/** @throws Problem notFound */
export async function noticesOf(ctx: Context, appointment_id: string): Promise<{ items: Notice[] }> {
  const [appointment, rows] = await ctx.database.once((tx) =>
    Promise.all([tx.first(appointmentExists(appointment_id)), tx.rows(listNotices(appointment_id))]),
  )
  if (!appointment) throw new Problem(notFound)
  ctx.saw({ patient_id: appointment.patient_id })
  return { items: rows.map((row) => ({ ...row, attempts: row.attempts ?? [] })) }
}
