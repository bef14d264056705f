// Cursors: where a list goes on, as text that the caller hands back unread.
import { malformed, Problem } from './problem.ts'

export function encodeCursor(key: string | undefined): string | null {
  return key === undefined ? null : btoa(key).replaceAll('=', '').replaceAll('+', '-').replaceAll('/', '_')
}

/** @throws Problem malformed when the text is not a cursor of ours (an id, or an instant and an id) */
export function decodeCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  try {
    const key = atob(cursor.replaceAll('-', '+').replaceAll('_', '/'))
    if (/^([\d:.TZ-]{20,35} )?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key)) return key
  } catch {
    // Not base64: told below.
  }
  throw new Problem(malformed, { detail: 'cursor must be the next_cursor of the page before' })
}
