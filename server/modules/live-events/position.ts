// Where a reader stands in the events: behind one of them, or before whatever begins with a transaction. As text it is the `id`
// of a message, which comes back as Last-Event-ID.

/** Behind the event `id` of transaction `xid`, or, with `id` of zeros, before everything of it. */
export type Position = { xid: bigint; id: string }

export const beforeAllIds = '00000000-0000-0000-0000-000000000000'

export function isBefore(one: Position, other: Position): boolean {
  return one.xid === other.xid ? one.id < other.id : one.xid < other.xid
}

/** Before everything that has not settled yet. */
export function positionAt(horizon: string): Position {
  return { xid: BigInt(horizon), id: beforeAllIds }
}

/** The text also tells when this was so: from the id of an event, or beside it. */
export function writePosition({ xid, id }: Position): string {
  return `${xid}.${id === beforeAllIds ? Math.floor(Temporal.Now.instant().epochMilliseconds / 1000) : id}`
}

/** Undefined where the text is none of ours. */
export function readPosition(text: string): (Position & { at: Temporal.Instant }) | undefined {
  const match = /^(\d{1,19})\.(?:(\d{9,11})|([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}))$/.exec(
    text,
  )
  if (!match) return undefined
  const [, xid = '', seconds, id = beforeAllIds] = match
  const at_ms = seconds === undefined ? millisecondsOf(id) : Number(seconds) * 1000
  return { xid: BigInt(xid), id, at: Temporal.Instant.fromEpochMilliseconds(at_ms) }
}

/** RFC 9562: the first 48 bits of a UUID of version 7. */
function millisecondsOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}
