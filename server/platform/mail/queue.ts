// Mail goes out after the change that it tells of has committed: it is queued in the same transaction, sealed, and sent
// by whichever server comes first, until the mail server takes it.
import { randomUUIDv7 } from 'node:crypto'
import type { System } from '#platform/context.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import { scopedDatabase, type Tx } from '#platform/database/transaction.ts'
import { openJson, sealJson } from '#platform/encryption/sealing.ts'
import type { Mailer, MailResult } from './mailer.ts'
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
}

/** The text as it was queued. */
export type Letter = { to: string; subject: string; text: string; language: MailLanguage }

type Parts = Pick<System, 'keys' | 'configuration'>

/** Seals a message and queues it: it goes out if the caller's transaction commits. Returns the id of the mail. */
export async function queueMail<Name extends MailTemplate>(
  tx: Tx,
  system: Parts,
  mail: QueuedMail<Name>,
): Promise<string> {
  const { configuration, keys } = system
  const { template, to, user_id, patient_id } = mail
  const language = mailLanguage(mail.language ?? configuration.language)
  const data = { hospital: senderName(configuration.mail_from), timezone: configuration.timezone, ...mail.data }
  const letter: Letter = { to, language, ...renderMail(template, language, data as unknown as MailTemplates[Name]) }
  const id = randomUUIDv7()
  const key = keys.system('mail')
  await tx.run(sql`
    insert into mails (id, template, user_id, patient_id, key_id, sealed_message)
    values (${id}, ${template}, ${user_id ?? null}, ${patient_id ?? null}, ${key.id}, ${sealJson(key, place(id), letter)})`)
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

type Claimed = { id: string; key_id: string; sealed_message: Buffer; attempts: number }

/**
 * Sends what waits, oldest first, and returns how many went out. It stops at a failure that concerns the mail server and not
 * the message. Without a mailer the messages are kept, for the outbox to show.
 */
export async function deliverMails(system: System, mailer: Mailer | undefined): Promise<number> {
  const database = scopedDatabase(
    system.pool,
    { enter: () => sql`select openward.enter_as('none')` },
    { audit: (entry) => ({ role: 'system', correlation_id: 'mail', ...entry }) },
  )
  if (!mailer) {
    await database.once((tx) => tx.run(sql`update mails set status = 'kept' where status = 'waiting'`))
    return 0
  }
  for (let sent = 0; ; sent += 1) {
    const claimed = await database.once((tx) => tx.first(claimMail()))
    if (!claimed) return sent
    const { to, subject, text } = openLetter(system.keys, claimed)
    const result = await mailer.send({ event_id: claimed.id, to, subject, text })
    await database.once((tx) => tx.run(noteResult(claimed.id, result)))
    if (result.outcome === 'failed') {
      system.log.warn(
        { mail_id: claimed.id, reason: result.reason, smtp_code: result.smtp_code, attempts: claimed.attempts },
        'a mail was not sent',
      )
      if (!result.is_permanent) return sent
    }
  }
}

/**
 * Takes the oldest mail that is due. Its next attempt is set before it is sent, so that a server that dies meanwhile loses
 * nothing: 1, 2, 4 and then 5 minutes, longer than a mail server may take to answer.
 */
function claimMail(): Sql<Claimed> {
  return sql`
    update mails set attempts = attempts + 1,
           next_attempt_at = now() + least(interval '1 minute' * power(2, least(attempts, 10)), interval '5 minutes')
     where id = (select id from mails where status = 'waiting' and next_attempt_at <= now()
                  order by next_attempt_at, id limit 1 for update skip locked)
    returning id, key_id, sealed_message, attempts`
}

/** What no attempt of three days could deliver has failed. */
function noteResult(id: string, result: MailResult): Sql {
  if (result.outcome === 'sent')
    return sql`update mails set status = 'sent', sent_at = now(), last_error = null where id = ${id}`
  const error = [result.reason, result.smtp_code, result.enhanced_code].filter((part) => part !== undefined).join(' ')
  return sql`
    update mails set last_error = ${error},
           status = case when ${result.is_permanent} or created_at < now() - interval '3 days' then 'failed' else 'waiting' end
     where id = ${id}`
}
