// Cursors: where a list goes on, as text that the caller hands back unread.
import { malformed, Problem } from './problem.ts'

export function encodeCursor(key: string | undefined): string | null {
  return key === undefined ? null : btoa(key).replaceAll('=', '').replaceAll('+', '-').replaceAll('/', '_')
}

const id = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const day = '(?!0000)\\d{4}-\\d\\d-\\d\\d'
const idForm = new RegExp(`^${id}$`)
const dayForm = new RegExp(`^${day} ${id}$`)
const timeForm = new RegExp(`^${day}T\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?Z ${id}$`)

/** The id where a list in the order of ids goes on. @throws Problem malformed when the text is no such cursor of ours */
export function decodeCursor(cursor: string | undefined): string | undefined {
  return decodeKey(cursor, idForm)
}

/** The instant and id where a list in the order of time goes on. @throws Problem malformed, as `decodeCursor` */
export function decodeTimeCursor(cursor: string | undefined): readonly [at: string, id: string] | undefined {
  return decodePair(cursor, timeForm, (at) => Temporal.Instant.from(at))
}

/** The day and id where a list in the order of days goes on. @throws Problem malformed, as `decodeCursor` */
export function decodeDayCursor(cursor: string | undefined): readonly [day: string, id: string] | undefined {
  return decodePair(cursor, dayForm, (on) => Temporal.PlainDate.from(on))
}

/** `read` throws where what is in front is none. */
function decodePair(cursor: string | undefined, form: RegExp, read: (text: string) => unknown) {
  const key = decodeKey(cursor, form)
  if (key === undefined) return undefined
  const [first = '', second = ''] = key.split(' ')
  try {
    read(first)
  } catch {
    throw notOurs()
  }
  return [first, second] as const
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
