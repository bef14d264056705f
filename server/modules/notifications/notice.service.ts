// Telling patients of their appointments: at once what was booked, changed or cancelled, and a reminder before. Each thing once:
// the notice, its mail and the job that sends it commit with how far the relay of events has come.
import { randomUUIDv7 } from 'node:crypto'
import type { Context, System } from '#platform/context.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import type { Database, Tx } from '#platform/database/transaction.ts'
import { IntegrityError } from '#platform/encryption/failures.ts'
import type { FollowedEvent } from '#platform/events/follower.ts'
import { queueMail } from '#platform/mail/queue.ts'
import type { MailTemplate } from '#platform/mail/templates.ts'
import { calendarOf, calendarText } from '#modules/appointments'
import { emailOf, tryEmailOf } from '#modules/patients'
import {
  appointmentExists,
  findDueReminders,
  type DuePlace,
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
    if (!kind) continue
    // What cannot be read is set aside by the relay, and told of when an administrator has mended it.
    const address = emailOf(system.keys.keyring, { ...told, id: told.patient_id })
    await tell(tx, system, told, { kind, occurrence: String(told.version), offset_minutes: 0 }, address)
  }
}

function kindOf({ status, was_told }: Told & { was_told: boolean }): Notice['kind'] | undefined {
  if (status === 'cancelled') return was_told ? 'cancellation' : undefined
  if (status !== 'booked' && status !== 'confirmed') return undefined
  return was_told ? 'change' : 'confirmation'
}

/**
 * Queues every reminder that is due, a batch in a transaction. Safe to run at once on several servers, and to kill. Records that
 * cannot be read hold up no other: a damaged one is skipped, and one whose key is not here is tried again by the next run.
 */
export async function remindOfAppointments(database: Database, system: Parts & Pick<System, 'log'>): Promise<number> {
  let [total, waiting] = [0, 0]
  for (let after: DuePlace | undefined; ;) {
    const due = await database.transaction(async (tx) => {
      const rows = await tx.rows(findDueReminders(reminderBatch, after))
      let unreadable = 0
      for (const row of rows) if (!(await remind(tx, system, row))) unreadable += 1
      return { rows, unreadable }
    })
    total += due.rows.length
    waiting += due.unreadable
    after = due.rows.at(-1)
    if (due.rows.length < reminderBatch) break
  }
  if (waiting > 0) system.log.warn({ waiting }, 'reminders wait: the master keys of their records are not configured')
  return total - waiting
}

/** False where the key of the record is not here. */
async function remind(tx: Tx, system: Parts, { offset_minutes, ...told }: Told & DuePlace): Promise<boolean> {
  const { appointment_id, patient_id, appointment_time: occurrence } = told
  const what = { kind: 'reminder', occurrence, offset_minutes } as const
  const known = tryEmailOf(system.keys.keyring, { ...told, id: patient_id })
  if (known instanceof IntegrityError) {
    const { where, row_id } = known
    const details = { operation: 'notifications.remind', where, row_id }
    tx.audit({ action: 'integrity.failed', resource_type: 'record', patient_id, outcome: 'failure', details })
    const notice = { id: randomUUIDv7(), appointment_id, patient_id, ...what, skipped: 'record_damaged' } as const
    await tx.run(insertNotice(notice))
    return true
  }
  if (known instanceof Error) return false
  await tell(tx, system, told, what, known.email)
  return true
}

type What = Pick<Notice, 'kind' | 'offset_minutes'> & { occurrence: string }

async function tell(tx: Tx, system: Parts, told: Told, what: What, address: string | null): Promise<void> {
  const { appointment_id, patient_id, appointment_time, now } = told
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
