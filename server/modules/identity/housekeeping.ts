// Removing what has served: tokens of ended sessions, links, answers kept for a repeat. Any server may do it, at any time.
import type { System } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import { scopedDatabase } from '#platform/database/transaction.ts'
import { defineSchedule } from '#platform/jobs/job.ts'
import { deleteRetiredTokenKeys } from './authentication.store.ts'

export const purgeSchedule = defineSchedule({ name: 'identity.purge', every_seconds: 600 })

/** Removes what has expired. The sessions themselves stay for 30 days, so that what ended them can be looked up. */
export async function purgeIdentity({ pool }: System): Promise<void> {
  const database = scopedDatabase(
    pool,
    { enter: () => sql`select openward.enter_as('none')` },
    { audit: (entry) => entry },
  )
  await database.once((tx) =>
    Promise.all([
      // The newest of a live session is never spent; of ended ones none is of use, an old one is refused as unknown.
      tx.run(sql`
        delete from refresh_tokens using sessions
         where sessions.id = refresh_tokens.session_id
           and (sessions.expires_at < now() - interval '1 day' or sessions.revoked_at < now() - interval '1 day')`),
      tx.run(sql`delete from sessions where expires_at < now() - interval '30 days'`),
      tx.run(sql`update refresh_tokens set sealed_successor = null, key_id = null
                  where sealed_successor is not null and spent_at < now() - interval '1 minute'`),
      // With the link of a registration goes what the person told, until they have proven their address by this or another one.
      tx.run(sql`
        delete from one_time_tokens
         where expires_at < now() - interval '1 day'
           and not (purpose = 'email_verification' and used_at is null
                    and exists (select from users where id = one_time_tokens.user_id and email_verified_at is null))`),
      tx.run(sql`delete from unknown_logins where updated_at < now() - interval '2 days'`),
      tx.run(sql`delete from known_devices where last_used_at < now() - interval '180 days'`),
      tx.run(sql`delete from idempotency_keys where created_at < now() - interval '25 hours'`),
      tx.run(sql`delete from mails where status <> 'waiting' and created_at < now() - interval '30 days'`),
      tx.run(deleteRetiredTokenKeys()),
    ]),
  )
}
