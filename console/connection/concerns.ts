// Which queries an event concerns.
import type { QueryKey } from '@tanstack/react-query'

/** As the stream tells it: ids and codes, nothing of a person. */
export type LiveEvent = {
  id: string
  type: string
  subject_type: string
  subject_id: string
  patient_id: string | null
  payload: Readonly<Record<string, unknown>>
  created_at: string
}

/**
 * What to read again, by type of event (`appointment.booked`) or all of a kind (`appointment.*`). A key stands for all that begin
 * with it, as TanStack Query has it.
 */
export type Concerns = Readonly<
  Record<`${string}.${string}`, readonly QueryKey[] | ((event: LiveEvent) => readonly QueryKey[])>
>

export function keysOf(event: LiveEvent, all: Iterable<Concerns>): QueryKey[] {
  const patterns = [event.type, `${event.type.split('.')[0]}.*`] as const
  return [...all].flatMap((concerns) =>
    patterns.flatMap((pattern) => {
      const keys = concerns[pattern as `${string}.${string}`] ?? []
      return typeof keys === 'function' ? keys(event) : keys
    }),
  )
}

/** Without those that another one stands for. */
export function leastOf(keys: Iterable<QueryKey>): QueryKey[] {
  const texts = new Map([...keys].map((key) => [JSON.stringify(key), key]))
  const isCovered = (key: QueryKey) => key.some((_, length) => texts.has(JSON.stringify(key.slice(0, length))))
  return [...texts.values()].filter((key) => !isCovered(key))
}
