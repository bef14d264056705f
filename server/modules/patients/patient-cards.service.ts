// The identity cards of people whose ids the name index, a calendar or a list gave. One that was opened within the last minute is
// not sent by the database again: the version of its row says whether it is still the same.
import { cardOfFound } from './patient-card.ts'
import type { IdentityCard } from './patient.contract.ts'
import { findCards, findMergedCards, nestMerged, type PersonRow, type ReadCardRow } from './patient-search.store.ts'
import { type Card, tryOpenCard, tryOpenCardOnce } from './patient.sealing.ts'
import { certain } from '#platform/certain.ts'
import { type Context, type Reach, reachOf } from '#platform/context.ts'
import type { Database } from '#platform/database/transaction.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { recentOf } from '#platform/encryption/recent.ts'

/** `card` is undefined where it was altered or its key is gone. */
export type ReadCard = { row: PersonRow; card: Readonly<Card> | undefined }

type Opened = { row_version: string; card: Readonly<Card> }

/** The cards of a thousand searches, which take some 10 MB. */
const openedInAHalf = 20_000
const openedCards = recentOf<Keyring, Opened>(openedInAHalf)

/**
 * By id, in one trip; whoever is merged, erased or not there is left out. Not for a transaction that changes patients: all that one
 * does to a row has the same version.
 */
export async function readCards(
  database: Database,
  keyring: Keyring,
  ids: readonly string[],
  read_reach: Reach,
): Promise<Map<string, ReadCard>> {
  const recent = openedCards(keyring)
  // Held until the answer is here: what the database leaves out may be forgotten meanwhile.
  const opened = new Map(ids.map((id) => [id, recent.get(id)]))
  const row_versions = ids.map((id) => opened.get(id)?.row_version ?? null)
  const rows = await database.readAmong(findCards, { ids, row_versions, read_reach })
  return new Map(rows.map((row) => [row.id, { row, card: open(row) }]))

  function open(row: ReadCardRow): Readonly<Card> | undefined {
    if (row.sealed_card === null) return certain(opened.get(row.id), 'card of the version that was named').card
    const card = tryOpenCardOnce(keyring, row)
    if (card) recent.set(row.id, { row_version: row.row_version, card })
    return card
  }
}

/** In the order of the ids, each person once. */
export async function listCards(ctx: Context, patient_ids: readonly string[]): Promise<{ items: IdentityCard[] }> {
  const { keyring } = ctx.system.keys
  const read_reach = reachOf(ctx.actor, 'patients:read') ?? 'none'
  const database = ctx.reaching('find')
  const ids = [...new Set(patient_ids)]
  const own = await readCards(database, keyring, ids, read_reach)
  const gone = ids.filter((id) => !own.has(id))
  const merged = gone.length === 0 ? [] : (await database.read(findMergedCards(gone, read_reach))).map(nestMerged)
  const whole = new Map(merged.map((row) => [row.merged.id, { row, card: tryOpenCard(keyring, row) }]))
  const found = new Map(ids.flatMap((id) => own.get(id) ?? whole.get(id) ?? []).map((one) => [one.row.id, one]))
  const items = [...found.values()].map(({ row, card }) => cardOfFound(row, card))
  ctx.saw({ details: { criteria: ['patient_id'], count: items.length, patient_ids: items.map(({ id }) => id) } })
  return { items }
}
