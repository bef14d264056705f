// Delivering what is queued: each mail by its own job, on whichever server takes that, until the mail server takes the mail.
import type { System } from '#platform/context.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import { type Database, scopedDatabase, type Tx } from '#platform/database/transaction.ts'
import { enqueueJob } from '#platform/jobs/enqueue.ts'
import { defineSchedule } from '#platform/jobs/job.ts'
import type { Jobs } from '#platform/jobs/jobs.ts'
import type { Mailer, MailResult } from './mailer.ts'
import { mailJob, openLetter } from './queue.ts'

const overdueSchedule = defineSchedule({ name: 'mail.overdue', every_seconds: 300 })

/** Has this process deliver mail once its jobs start. */
export function workMails(jobs: Jobs, system: System, mailer: Mailer | undefined): void {
  jobs.work(mailJob, ({ mail_id }) => deliverMail(system, mailer, mail_id))
  jobs.schedule(overdueSchedule, () => wakeOverdueMails(system))
}

/**
 * Sends the mail if it is due, and sees to it that somebody looks again while it waits. Without a mailer it is kept, for the
 * outbox to show.
 */
export async function deliverMail(system: System, mailer: Mailer | undefined, id: string): Promise<void> {
  const database = databaseOf(system)
  if (!mailer) {
    await database.once((tx) => tx.run(sql`update mails set status = 'kept' where id = ${id} and status = 'waiting'`))
    return
  }
  const claimed = await database.once((tx) => tx.first(claimMail(id)))
  if (!claimed) return lookAgain(database, id)
  const { to, subject, text, calendar } = openLetter(system.keys, claimed)
  const span = system.tracing?.begin('mail send', 'client')
  const result = await mailer.send({ event_id: id, to, subject, text, calendar })
  span?.end({ failure: result.outcome === 'failed' ? result.reason : undefined })
  await database.transaction(async (tx) => {
    await Promise.all([tx.run(noteResult(id, result)), tx.run(noteAttempt(id, claimed.attempts, result))])
    await enqueueNext(tx, id)
  })
  if (result.outcome === 'failed') {
    const { reason, smtp_code } = result
    system.log.warn({ mail_id: id, reason, smtp_code, attempts: claimed.attempts }, 'a mail was not sent')
  }
}

/** Its attempt is not due, or another server died in the midst of it. */
function lookAgain(database: Database, id: string): Promise<void> {
  return database.transaction((tx) => enqueueNext(tx, id))
}

async function enqueueNext(tx: Tx, mail_id: string): Promise<void> {
  const waiting = await tx.first(
    sql<{ next_attempt_at: string }>`select next_attempt_at from mails where id = ${mail_id} and status = 'waiting'`,
  )
  if (waiting) await enqueueJob(tx, mailJob, { mail_id }, { after: waiting.next_attempt_at, key: mail_id })
}

/** For a mail whose job is gone: one that failed for another reason than the mail server's, such as a key out of reach. */
export async function wakeOverdueMails(system: System): Promise<void> {
  await databaseOf(system).transaction(async (tx) => {
    const overdue = await tx.rows(
      sql<{ id: string }>`
        select id from mails where status = 'waiting' and next_attempt_at < now() - interval '10 minutes'
         order by next_attempt_at limit 500`,
    )
    await Promise.all(overdue.map(({ id }) => enqueueJob(tx, mailJob, { mail_id: id }, { key: id })))
  })
}

function databaseOf({ pool }: System): Database {
  return scopedDatabase(
    pool,
    { enter: () => sql`select openward.enter_as('none')` },
    { audit: (entry) => ({ role: 'system', correlation_id: 'mail', ...entry }) },
  )
}

/**
 * Takes the mail if it is due. Its next attempt is set before it is sent, so that a server that dies meanwhile loses nothing,
 * and nobody else sends it meanwhile: 1, 2, 4 and then 5 minutes, longer than a mail server may take to answer.
 */
function claimMail(id: string): Sql<{ id: string; key_id: string; sealed_message: Buffer; attempts: number }> {
  return sql`
    update mails set attempts = attempts + 1,
           next_attempt_at = now() + least(interval '1 minute' * power(2, least(attempts, 10)), interval '5 minutes')
     where id = ${id} and status = 'waiting' and next_attempt_at <= now()
    returning id, key_id, sealed_message, attempts`
}

function noteAttempt(id: string, attempt: number, result: MailResult): Sql {
  const { reason = null, smtp_code = null } = result.outcome === 'failed' ? result : {}
  return sql`
    insert into mail_attempts (mail_id, attempt, outcome, reason, smtp_code)
    values (${id}, ${attempt}, ${result.outcome}, ${reason}, ${smtp_code}) on conflict do nothing`
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
