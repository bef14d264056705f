// The open streams of this server: one look at the database serves them all, tells how far events have settled and whose session
// has ended. Each reader then asks for itself which of the new events it may know of.
import { PassThrough } from 'node:stream'
import { overloaded, Problem, sessionEnded, unauthenticated } from '#platform/contract/problem.ts'
import type { Context, System } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import { RightsChanged, scopedDatabase } from '#platform/database/transaction.ts'
import { repeatAwake } from '#platform/events/awake.ts'
import { wakesOf } from '#platform/events/wake.ts'
import { endEventStream } from '#platform/http/event-stream.ts'
import type { Repeated } from '#platform/jobs/repeat.ts'
import { type EventQuery, tooManyStreams } from './live-event.contract.ts'
import { findState } from './live-event.store.ts'
import { sharedPages, startOf } from './pages.ts'
import { type Position, positionAt } from './position.ts'
import { advance, type ReadPage, type Reader, send } from './reader.ts'

export type Hub = {
  /** Opens a stream. @throws Problem tooManyStreams, overloaded, malformed */
  follow(ctx: Context, query: EventQuery): Promise<PassThrough>
  stop(): Promise<void>
}

/** Tabs of one browser share its session. */
const mostPerSession = 10
const mostPerServer = 1000
/** Within a second of its end a session has no stream any more (SE-07). */
const lookEveryMilliseconds = 400
const heartbeatMilliseconds = 15_000
/** Whose session cannot be asked for for so long is let go. */
const uncheckedMilliseconds = 10_000

export function openHub(system: System): Hub {
  const { log } = system
  const database = scopedDatabase(
    system.pool,
    { enter: () => sql`select openward.enter_as('none')` },
    { audit: (entry) => entry },
  )
  const readers = new Set<Reader>()
  const opening = new Map<string, number>()
  let horizon: Position = positionAt('0')
  let readPage: ReadPage = sharedPages(database)
  let looking: Repeated | undefined
  let beating: NodeJS.Timeout | undefined
  let checked_at = performance.now()

  async function look() {
    if (readers.size === 0) return void (checked_at = performance.now())
    try {
      const sessions = [...new Set([...readers].map(({ session_id }) => session_id))]
      const state = await database.once((tx) => tx.one(findState(sessions)))
      checked_at = performance.now()
      for (const reader of readers) {
        const authority = state.live[reader.session_id]
        // One that opened meanwhile was not asked for.
        if (authority === undefined && sessions.includes(reader.session_id)) end(reader, 'session_ended')
        else if (authority !== undefined && authority !== reader.authority) end(reader, 'rights_changed')
      }
      horizon = positionAt(state.horizon)
    } catch (error) {
      if (performance.now() - checked_at > uncheckedMilliseconds)
        for (const { stream } of readers) endEventStream(stream)
      throw error
    }
    readPage = sharedPages(database)
    for (const reader of readers) void move(reader)
  }

  async function move(reader: Reader) {
    if (reader.isBusy) return
    reader.isBusy = true
    try {
      await advance(reader, () => horizon, readPage)
    } catch (error) {
      if (error instanceof RightsChanged) end(reader, 'rights_changed')
      else if (error instanceof Problem && error.kind === sessionEnded) end(reader, 'session_ended')
      // Where the database was away it is asked again; where the client was, nobody waits.
      else if (!reader.stream.destroyed) log.debug({ err: error }, 'an event stream could not go on: it is tried again')
    } finally {
      reader.isBusy = false
    }
  }

  function end(reader: Reader, reason: 'session_ended' | 'rights_changed') {
    if (!readers.delete(reader)) return
    if (!reader.stream.writableEnded) reader.stream.write(`event: end\ndata: ${JSON.stringify({ reason })}\n\n`)
    endEventStream(reader.stream)
  }

  function beat() {
    for (const reader of readers) {
      if (reader.isBusy || reader.stream.writableNeedDrain || reader.stream.writableEnded) continue
      // The id goes on although nothing was sent, so that a client that comes back is not told what it was not shown before.
      send(reader, { event: 'position', position: reader.position }).catch(() => undefined)
    }
  }

  function begin() {
    looking ??= repeatAwake({
      name: 'live-events',
      every_ms: lookEveryMilliseconds,
      work: look,
      log,
      wakes: wakesOf(system),
    })
    beating ??= setInterval(beat, heartbeatMilliseconds)
  }

  return {
    async follow(ctx, { types, patient_id, follow }) {
      const { session_id, authority } = ctx.actor
      if (!session_id) throw new Problem(unauthenticated)
      const open =
        [...readers].filter((reader) => reader.session_id === session_id).length + (opening.get(session_id) ?? 0)
      if (open >= mostPerSession) throw new Problem(tooManyStreams, { retry_after_seconds: 5 })
      if (readers.size >= mostPerServer) throw new Problem(overloaded, { retry_after_seconds: 5 })
      opening.set(session_id, (opening.get(session_id) ?? 0) + 1)
      try {
        if (patient_id) ctx.saw({ patient_id })
        const { horizon: settled } = await database.once((tx) => tx.one(findState([])))
        const now = positionAt(settled)
        const start = await startOf(database, ctx.request_header('last-event-id'), now)
        const stream = new PassThrough()
        // Told of by whoever waits for the client.
        stream.on('error', () => undefined)
        const reader: Reader = {
          ctx,
          session_id,
          authority,
          filter: { types, patient_id },
          stream,
          position: start.position,
          isBusy: false,
        }
        stream.write('retry: 2000\n\n')
        void send(reader, { event: start.isReset ? 'reset' : 'position', position: start.position }).catch(
          () => undefined,
        )
        if (follow) {
          readers.add(reader)
          stream.once('close', () => readers.delete(reader))
          begin()
          // What was missed, without waiting for the next look.
          if (horizon.xid < now.xid) horizon = now
          void move(reader)
        } else {
          void advance(reader, () => now, sharedPages(database))
            .then(() => send(reader, { event: 'position', position: reader.position }))
            .then(
              () => stream.end(),
              (error: unknown) => stream.destroy(error as Error),
            )
        }
        return stream
      } finally {
        const left = (opening.get(session_id) ?? 1) - 1
        if (left > 0) opening.set(session_id, left)
        else opening.delete(session_id)
      }
    },
    async stop() {
      clearInterval(beating)
      for (const { stream } of readers) endEventStream(stream)
      await looking?.stop()
    },
  }
}
