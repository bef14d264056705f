import { linkMinutes } from './link.contract.ts'
import { literal, type Sql, sql } from '#platform/database/sql.ts'

export function insertLink(document_id: string, user_id: string): Sql<{ id: string; expires_at: string }> {
  return sql`
    insert into document_links (document_id, user_id, expires_at)
    values (${document_id}, ${user_id}, now() + ${literal(linkMinutes)} * interval '1 minute') returning id, expires_at`
}

export function findLink(id: string, user_id: string): Sql<{ document_id: string }> {
  return sql`select document_id from document_links where id = ${id} and user_id = ${user_id}`
}

/** No row where it was used, or its time is over. */
export function spendLink(id: string): Sql {
  return sql`update document_links set used_at = now() where id = ${id} and used_at is null and expires_at > now()`
}

export function deleteOldLinks(): Sql {
  return sql`delete from document_links where expires_at < now() - interval '1 day'`
}
