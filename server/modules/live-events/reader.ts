// One open stream: where its reader stands, and how it comes further, no faster than the client takes what it is sent.
import { once } from 'node:events'
import type { PassThrough } from 'node:stream'
import type { Context } from '#platform/context.ts'
import type { EventFilter, StoredEvent } from './live-event.store.ts'
import { isBefore, type Position, writePosition } from './position.ts'
import { visibleOf } from './visibility.ts'

export type Reader = {
  ctx: Context
  session_id: string
  authority: string | undefined
  filter: EventFilter
  stream: PassThrough
  position: Position
  isBusy: boolean
}

/** A page is full when it has as many events. */
export const pageRows = 500
export type ReadPage = (after: Position, before: Position, filter: EventFilter) => Promise<readonly StoredEvent[]>

/** A client that takes nothing for so long is cut off: it comes back and reads on where it was. */
const patienceMilliseconds = 30_000

/** Sends what there is up to `horizon`, which may move on meanwhile. @throws Problem sessionEnded; RightsChanged; Error when the client is gone */
export async function advance(reader: Reader, horizon: () => Position, readPage: ReadPage): Promise<void> {
  while (isBefore(reader.position, horizon())) {
    const target = horizon()
    const page = await readPage(reader.position, target, reader.filter)
    const visible = new Set(page.length > 0 ? await visibleOf(reader.ctx, page) : [])
    for (const { event, position } of inOrderOfRecords(reader.position, page)) {
      if (!visible.has(event)) continue
      const { recorded_xid: _, ...data } = event
      await send(reader, { event: event.type, data, position })
    }
    const last = page.length === pageRows ? page.at(-1) : undefined
    reader.position = last ? positionOf(last) : target
  }
}

/** `event` is a type, or a word without a dot about the stream itself. @throws Error when the client is gone, or takes nothing */
export async function send(
  reader: Reader,
  { event, data = {}, position }: { event: string; data?: object; position: Position },
): Promise<void> {
  const { stream } = reader
  if (stream.write(`id: ${writePosition(position)}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`)) return
  await taken(stream)
}

/** @throws Error when the client is gone, or takes nothing */
async function taken(stream: PassThrough): Promise<void> {
  if (!stream.writableNeedDrain) return
  const given_up = new AbortController()
  const late = setTimeout(() => stream.destroy(), patienceMilliseconds)
  const closed = once(stream, 'close', { signal: given_up.signal }).then(() => {
    throw new Error('the client is gone')
  })
  closed.catch(() => undefined)
  try {
    await Promise.race([once(stream, 'drain', { signal: given_up.signal }), closed])
  } finally {
    clearTimeout(late)
    given_up.abort()
  }
}

/**
 * The ids of events tell in which order one record was changed, the numbers of their transactions do not: one that began first may
 * have waited for the other. Each is given the position up to which everything has been sent.
 */
export function inOrderOfRecords<E extends Pick<StoredEvent, 'id' | 'recorded_xid'>>(
  start: Position,
  page: readonly E[],
): { event: E; position: Position }[] {
  const sent = new Set<E>()
  let position = start
  let next = 0
  return page
    .toSorted((one, other) => (one.id < other.id ? -1 : 1))
    .map((event) => {
      sent.add(event)
      for (let behind = page[next]; behind && sent.has(behind); behind = page[(next += 1)])
        position = positionOf(behind)
      return { event, position }
    })
}

function positionOf({ recorded_xid, id }: Pick<StoredEvent, 'id' | 'recorded_xid'>): Position {
  return { xid: BigInt(recorded_xid), id }
}
