// Mail goes out after the change that it tells of has committed: it is queued in the same transaction, sealed, with the job
// that delivers it (delivery.ts).
import { randomUUIDv7 } from 'node:crypto'
import { z } from 'zod'
import type { System } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { openJson, sealJson } from '#platform/encryption/sealing.ts'
import { enqueueJob } from '#platform/jobs/enqueue.ts'
import { defineJob } from '#platform/jobs/job.ts'
import { type MailLanguage, mailLanguage, type MailTemplate, type MailTemplates, renderMail } from './templates.ts'

/** What the caller knows of a message; the hospital's name and zone are added where they are not given. */
type Given<Name extends MailTemplate> = Omit<MailTemplates[Name], 'hospital' | 'timezone'> & { timezone?: string }

export type QueuedMail<Name extends MailTemplate> = {
  template: Name
  to: string
  user_id?: string | undefined
  patient_id?: string | undefined
  /** BCP 47; the language of the house where it is not known. */
  language?: string | null | undefined
  data: Given<Name>
  /** An event for the reader's calendar (iCalendar). */
  calendar?: MailCalendar | undefined
  /** Not before this instant. */
  after?: string | undefined
}

export type MailCalendar = { method: 'REQUEST' | 'CANCEL'; text: string }

/** The text as it was queued. */
export type Letter = {
  to: string
  subject: string
  text: string
  language: MailLanguage
  calendar?: MailCalendar | undefined
}

/** The row of the mail knows its attempts and when the next is due: the job only sees to it that somebody looks. */
export const mailJob = defineJob({
  name: 'mail.deliver',
  payload: z.strictObject({ mail_id: z.uuid() }),
  retry: { limit: 20, delay_seconds: 15, delay_max_seconds: 300 },
  expire_seconds: 300,
})

type Parts = Pick<System, 'keys' | 'configuration'>

/** Seals a message and queues it: it goes out if the caller's transaction commits. Returns the id of the mail. */
export async function queueMail<Name extends MailTemplate>(
  tx: Tx,
  system: Parts,
  mail: QueuedMail<Name>,
): Promise<string> {
  const { configuration, keys } = system
  const { template, to, user_id, patient_id, calendar, after } = mail
  const language = mailLanguage(mail.language ?? configuration.language)
  const data = { hospital: senderName(configuration.mail_from), timezone: configuration.timezone, ...mail.data }
  const text = renderMail(template, language, data as unknown as MailTemplates[Name])
  const letter: Letter = { to, language, ...text, calendar }
  const id = randomUUIDv7()
  const key = keys.system('mail')
  const queued = tx.run(sql`
    insert into mails (id, template, user_id, patient_id, key_id, sealed_message, next_attempt_at)
    values (${id}, ${template}, ${user_id ?? null}, ${patient_id ?? null}, ${key.id}, ${sealJson(key, place(id), letter)},
            coalesce(${after ?? null}::timestamptz, now()))`)
  await Promise.all([queued, enqueueJob(tx, mailJob, { mail_id: id }, { key: id, ...(after && { after }) })])
  return id
}

export function openLetter(
  keys: System['keys'],
  { id, key_id, sealed_message }: { id: string; key_id: string; sealed_message: Buffer },
): Letter {
  return openJson<Letter>(keys.systemById(key_id), place(id), sealed_message)
}

const place = (row_id: string) => ({ table: 'mails', column: 'sealed_message', row_id })

/** The name by which the house signs: `Saint Mary <care@example.org>` is Saint Mary. */
function senderName(mail_from: string): string {
  return /^\s*"?([^"<>]*?)"?\s*</.exec(mail_from)?.[1] || 'OpenWard'
}
