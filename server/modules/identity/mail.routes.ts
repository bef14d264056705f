import type { z } from 'zod'
import { decodeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import type { Context } from '#platform/context.ts'
import { literal, skipped, type Sql, sql } from '#platform/database/sql.ts'
import { implement, type Route } from '#platform/http/mount.ts'
import { openLetter } from '#platform/mail/queue.ts'
import { type Mail, mailApi, type MailQuery } from './mail.contract.ts'

export function mailRoutes(): Route[] {
  return implement('mails', mailApi, { list: (ctx, { query }) => listMails(ctx, query) })
}

async function listMails(ctx: Context, { skip, limit, status, cursor }: z.output<typeof MailQuery>) {
  const { keys, configuration } = ctx.system
  const before = decodeCursor(cursor)
  const [rows, { count: total }] = await ctx.database.once((tx) =>
    Promise.all([tx.rows(findMails(status, before, before ? 0 : skip, limit + 1)), tx.one(countMails(status))]),
  )
  const items = rows.slice(0, limit).map(({ key_id, sealed_message, ...mail }): Mail => {
    if (configuration.production) return { ...mail, to: null, subject: null, text: null }
    const { to, subject, text } = openLetter(keys, { id: mail.id, key_id, sealed_message })
    return { ...mail, to, subject, text }
  })
  ctx.saw({ details: { count: items.length } })
  const next_cursor = encodeCursor(rows.length > limit ? items.at(-1)?.id : undefined)
  return { items, total, page: Math.floor(skip / limit) + 1, limit, next_cursor }
}

type MailRow = Omit<Mail, 'to' | 'subject' | 'text'> & { key_id: string; sealed_message: Buffer }

function findMails(status: string | undefined, before: string | undefined, skip: number, limit: number): Sql<MailRow> {
  return sql`
    select id, template, status, attempts, last_error, created_at, sent_at, key_id, sealed_message from mails
     where (${status ?? null}::text is null or status = ${status ?? null}) and (${before ?? null}::uuid is null or id < ${before ?? null})
     order by id desc limit ${literal(limit)} offset ${skipped(skip)}`
}

function countMails(status: string | undefined): Sql<{ count: number }> {
  return sql`select count(*)::int as count from mails where ${status ?? null}::text is null or status = ${status ?? null}`
}
