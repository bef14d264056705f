// One operation asked by one person about one patient, with what the database says of it afterwards.
import type { Route } from '#platform/http/mount.ts'
import { sql } from '#platform/database/sql.ts'
import type { Person } from '../../server/testing.ts'
import type { Asked } from './row.ts'
import type { Subject, World } from './world.ts'

export type Entry = { action: string; outcome: string; user_id: string | null; patient_id: string | null }
export type Reply = {
  status: number
  headers: Record<string, string | undefined>
  text: string
  entries: Entry[]
  url: string
}

/** Asks, under a correlation id of its own, and joins the audit entries by it. */
export async function call(
  { api }: World,
  { operation }: Route,
  subject: Subject,
  person: Person | undefined,
  asked: Asked = {},
  method: string = operation.method,
): Promise<Reply> {
  const ids = { ...subject.ids, ...asked.params }
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const id = ids[name]
    if (id === undefined) throw new Error(`the fixture has no ${name} for ${operation.path}`)
    return encodeURIComponent(id)
  })
  const search = new URLSearchParams(asked.query).toString()
  const url = search ? `${path}?${search}` : path
  const correlation_id = `matrix-${crypto.randomUUID()}`
  const body = method === 'HEAD' ? undefined : bodyOf(operation, subject, asked)
  const reply = await api.app.http.inject({
    method: method as 'GET',
    url,
    headers: {
      'x-correlation-id': correlation_id,
      ...(body === undefined
        ? {}
        : {
            'content-type': operation.accepts === 'form' ? 'application/x-www-form-urlencoded' : 'application/json',
          }),
      ...(person ? { authorization: `Bearer ${person.token}` } : {}),
      ...asked.headers,
    },
    ...(body === undefined ? {} : { payload: body }),
  })
  const entries = await api.rows<Entry>(
    // The ids begin with the time: only the newest are looked through.
    sql`select action, outcome, user_id, patient_id from audit_logs
         where id > uuidv7('-5 minutes') and correlation_id = ${correlation_id}`,
  )
  return { status: reply.statusCode, headers: reply.headers as Reply['headers'], text: reply.body, entries, url }
}

/** The body asked for, or the contract's example about this patient. */
function bodyOf({ body, example, accepts }: Route['operation'], { ids }: Subject, asked: Asked): string | undefined {
  if (asked.raw !== undefined) return asked.raw
  const given = asked.body ?? (body ? example : undefined)
  if (given === undefined) return undefined
  if (accepts === 'form') return new URLSearchParams(given as Record<string, string>).toString()
  if (asked.body !== undefined || typeof given !== 'object' || given === null || Array.isArray(given))
    return JSON.stringify(given)
  const about = Object.entries(given).map(([name, value]) => [
    name,
    name.endsWith('_id') ? (ids[name] ?? value) : value,
  ])
  return JSON.stringify(Object.fromEntries(about))
}
