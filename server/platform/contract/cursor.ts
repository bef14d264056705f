// Cursors: where a list goes on, as text that the caller hands back unread.
import { malformed, Problem } from './problem.ts'

export function encodeCursor(key: string | undefined): string | null {
  return key === undefined ? null : btoa(key).replaceAll('=', '').replaceAll('+', '-').replaceAll('/', '_')
}

/** The id where a list in the order of ids goes on. @throws Problem malformed when the text is no such cursor of ours */
export function decodeCursor(cursor: string | undefined): string | undefined {
  return decodeKey(cursor, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
}

/** The instant and id where a list in the order of time goes on. @throws Problem malformed, as `decodeCursor` */
export function decodeTimeCursor(cursor: string | undefined): readonly [at: string, id: string] | undefined {
  const key = decodeKey(
    cursor,
    /^[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  )
  if (key === undefined) return undefined
  const [at = '', id = ''] = key.split(' ')
  try {
    Temporal.Instant.from(at)
  } catch {
    throw notOurs()
  }
  return [at, id]
}

/** The key of a list in an order of its own. @throws Problem malformed when the text is no such cursor of ours */
export function decodeKey(cursor: string | undefined, form: RegExp): string | undefined {
  if (cursor === undefined) return undefined
  try {
    const key = atob(cursor.replaceAll('-', '+').replaceAll('_', '/'))
    if (form.test(key)) return key
  } catch {
    // Not base64: told below.
  }
  throw notOurs()
}

export const notOurs = () => new Problem(malformed, { detail: 'cursor must be the next_cursor of the page before' })
