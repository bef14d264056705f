// Puts together what each module adds: each in the reach of its own permission, all in one order.
import { readOfPatient, type TimelineSource } from '#modules/patients'
import { type Context, reachOf } from '#platform/context.ts'
import { decodeTimeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { openDataKey } from '#platform/encryption/data-key.ts'
import { unlessUnreadable } from '#platform/encryption/failures.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { openJson } from '#platform/encryption/sealing.ts'
import { type Timeline, type TimelineEntry, TimelineKind, type TimelineQuery } from './timeline.contract.ts'
import { findEntries, inOrderOfIndexes, type TimelinePage, type TimelineRow } from './timeline.store.ts'

/** @throws Problem notFound, patientErased, patientMerged, malformed */
export async function readTimeline(
  ctx: Context,
  sources: readonly TimelineSource[],
  patient_id: string,
  { limit, cursor, kind }: TimelineQuery,
): Promise<Timeline> {
  // One more tells whether there is a next page.
  const page: TimelinePage = { limit: limit + 1, after: decodeTimeCursor(cursor) }
  await readOfPatient(ctx, patient_id, async () => undefined)
  const readable = sources.flatMap((source) => {
    const reach = kind === undefined || kind === source.kind ? reachOf(ctx.actor, source.permission) : undefined
    return reach === undefined ? [] : [{ source, reach }]
  })
  const groups = [...Map.groupBy(readable, ({ reach }) => reach)]
  const found = await Promise.all(
    groups.map(([reach, group]) =>
      ctx.reaching(reach).once(async (tx) => {
        const [, ...entries] = await Promise.all([
          tx.run(inOrderOfIndexes),
          ...group.map(async ({ source }) =>
            (await tx.rows(findEntries(source, patient_id, page))).map((row) => ({ source, row })),
          ),
        ])
        return entries
      }),
    ),
  )
  const ordered = found.flat(2).toSorted((one, other) => order(other.row, one.row))
  const items = ordered.slice(0, limit).map(({ source, row }) => shown(ctx.system.keys.keyring, source, row))
  const last = items.at(-1)
  ctx.saw({ patient_id, details: { count: items.length } })
  return { items, limit, next_cursor: last && ordered.length > limit ? encodeCursor(`${last.at} ${last.id}`) : null }
}

/** As the database orders: by the instant, then by the id. */
function order(one: TimelineRow, other: TimelineRow): number {
  return Temporal.Instant.compare(one.at, other.at) || (one.id < other.id ? -1 : 1)
}

function shown(keyring: Keyring, { kind, sealed }: TimelineSource, row: TimelineRow): TimelineEntry {
  const { id, at, type, status, by, key_id, kek_id, wrapped } = row
  const entry = { id, kind: TimelineKind.parse(kind), at, type, status, by }
  if (!sealed || !row.sealed || key_id === null || kek_id === null || wrapped === null) return { ...entry, title: null }
  const { table, column, title } = sealed
  const bytes = row.sealed
  // One that was altered must not hide the others: it is told by its own record.
  const said = unlessUnreadable(
    () => title(openJson(openDataKey(keyring, { id: key_id, kek_id, wrapped }), { table, column, row_id: id }, bytes)),
    () => null,
  )
  return { ...entry, title: said }
}
