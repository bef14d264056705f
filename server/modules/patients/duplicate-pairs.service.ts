// Pairs of records that are likely one person's, page by page: people who share a token are compared after opening.
import {
  findComparedRoot,
  findSharedOf,
  findSharedTokens,
  type SharedKind,
  sharedKinds,
} from './duplicate-pairs.store.ts'
import { duplicateScore, LIKELY_DUPLICATE_SCORE } from './duplicates.ts'
import type { DuplicatePairs, DuplicatesQuery } from './merge.contract.ts'
import { cardOfFound, openFound, type OpenedFound } from './patient-card.ts'
import { findByIds } from './patient-search.store.ts'
import { certain } from '#platform/certain.ts'
import { decodeKey, encodeCursor } from '#platform/contract/cursor.ts'
import { type Context, reachOf } from '#platform/context.ts'
import type { Tx } from '#platform/database/transaction.ts'

/** What one page looks at, and no more. */
export const mostLookedAt = { rows: 200_000, tokens: 300, people: 600 }

type Token = { version: number; kind: SharedKind; token: Buffer }
type Group = Token & { patients: readonly string[] }
/** Where the list goes on: behind this pair of those who share the token, or behind all of them. */
type Place = Token & { pair: string | undefined }
type Pair = DuplicatePairs['items'][number]

/** @throws Problem malformed for a cursor that is none of ours */
export async function findDuplicates(ctx: Context, { limit, cursor }: DuplicatesQuery): Promise<DuplicatePairs> {
  const from = placeOf(cursor)
  const { start, groups, end, rows, shared } = await ctx.database.transaction(async (tx) => {
    const { version } = await tx.one(findComparedRoot())
    // The tokens of a root that is gone are in another order than those of the next: the list begins again.
    const begin = from?.version === version ? from : undefined
    const { ids, ...found } = atMost(mostLookedAt.people, await findGroups(tx, version, begin))
    const reach = reachOf(ctx.actor, 'patients:read') ?? 'none'
    const [people, tokens] = await Promise.all([tx.rows(findByIds(ids, reach)), tx.rows(findSharedOf(ids, version))])
    return { ...found, start: begin, rows: people, shared: tokens }
  })
  const people = new Map<string, OpenedFound>()
  for (const row of rows) {
    const person = openFound(ctx.system.keys.keyring, row)
    if (person) people.set(row.id, person)
  }
  const tokensOf = Map.groupBy(shared, ({ patient_id }) => patient_id)
  /** A pair is listed with the first token that the two share. */
  const isFirst = (one: string, other: string, group: Group) => {
    const theirs = new Set(tokensOf.get(other)?.map(textOf))
    const [first] = (tokensOf.get(one) ?? [])
      .map(textOf)
      .filter((token) => theirs.has(token))
      .toSorted()
    return first === textOf(group)
  }

  const items: Pair[] = []
  let judged: Place | undefined
  let next = end
  search: for (const group of groups) {
    for (const [one, other] of pairsOf(group.patients)) {
      const pair = `${one} ${other}`
      if (start?.pair !== undefined && start.token.equals(group.token) && pair <= start.pair) continue
      const likely = isFirst(one, other, group) ? judge(people.get(one), people.get(other)) : undefined
      if (likely && items.length === limit) {
        next = judged
        break search
      }
      if (likely) items.push(likely)
      judged = { ...group, pair }
    }
  }
  items.sort((one, other) => other.score - one.score)
  const shown = new Set(items.flatMap(({ patients }) => patients.map(({ id }) => id)))
  ctx.saw({ details: { count: items.length, patient_ids: [...shown] } })
  return { items, next_cursor: encodeCursor(next && keyOf(next)), is_complete: next === undefined }
}

type Found = { groups: Group[]; end: Place | undefined }

/** Those who share tokens, from a place on; `end` is where the rest begins. */
async function findGroups(tx: Tx, version: number, start: Place | undefined): Promise<Found> {
  const groups: Group[] = []
  for (const kind of sharedKinds.slice(start && sharedKinds.indexOf(start.kind))) {
    const place = start?.kind === kind ? start : undefined
    const found = await tx.rows(
      findSharedTokens({
        version,
        kind,
        from: place?.token ?? Buffer.alloc(0),
        is_included: place?.pair !== undefined,
        most_rows: mostLookedAt.rows,
        most_tokens: mostLookedAt.tokens,
      }),
    )
    const shared = found.flatMap(({ token, patients }) => (token ? [{ version, kind, token, patients }] : []))
    groups.push(...shared)
    const until = shared.length === mostLookedAt.tokens ? shared.at(-1)?.token : found[0]?.until
    if (until) return { groups, end: { version, kind, token: until, pair: undefined } }
  }
  return { groups, end: undefined }
}

/** As many groups as have so many people, and who they are. */
function atMost(most: number, { groups, end }: Found): Found & { ids: string[] } {
  const ids = new Set<string>()
  for (const [at, { patients }] of groups.entries()) {
    const before = [...ids]
    for (const id of patients) ids.add(id)
    if (ids.size > most) {
      const { version, kind, token } = certain(groups[at - 1], 'group before the one too many')
      return { ids: before, groups: groups.slice(0, at), end: { version, kind, token, pair: undefined } }
    }
  }
  return { ids: [...ids], groups, end }
}

/** In the order of the texts of pairs. */
function* pairsOf(patients: readonly string[]): Generator<[string, string]> {
  for (const [at, one] of patients.entries()) for (const other of patients.slice(at + 1)) yield [one, other]
}

const textOf = ({ kind, token }: Pick<Token, 'kind' | 'token'>) => `${kind} ${token.toString('hex')}`

function keyOf({ version, pair, ...token }: Place): string {
  return [version, textOf(token), ...(pair === undefined ? [] : [pair])].join(' ')
}

const id = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const form = new RegExp(`^[1-9]\\d{0,8} (?:${sharedKinds.join('|')}) [0-9a-f]{16}(?: ${id} ${id})?$`)

function placeOf(cursor: string | undefined): Place | undefined {
  const key = decodeKey(cursor, form)
  if (key === undefined) return undefined
  const [version, kind, token = '', ...pair] = key.split(' ')
  return {
    version: Number(version),
    kind: certain(
      sharedKinds.find((name) => name === kind),
      'kind of token',
    ),
    token: Buffer.from(token, 'hex'),
    pair: pair.length > 0 ? pair.join(' ') : undefined,
  }
}

function judge(one: OpenedFound | undefined, other: OpenedFound | undefined): Pair | undefined {
  if (!one || !other) return undefined
  const { score, reasons } = duplicateScore(comparable(one), comparable(other))
  if (score < LIKELY_DUPLICATE_SCORE) return undefined
  return { patients: [one, other].map(({ row, card }) => cardOfFound(row, card)), score, reasons }
}

function comparable({ card, contact }: OpenedFound) {
  const { phone_primary, phone_secondary } = contact()
  return { ...card, phones: [phone_primary, phone_secondary].filter((phone) => phone !== null) }
}
