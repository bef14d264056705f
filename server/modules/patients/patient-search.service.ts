// Finding patients and listing them. What was asked for is never recorded, only by which kinds of criteria and who was shown.
import { readCards } from './patient-cards.service.ts'
import { cardOfFound, formerRecord, openFound } from './patient-card.ts'
import { findMergedTrees } from './merge.store.ts'
import type { FormerRecord } from './patient.contract.ts'
import type { NamesFound, PatientNames } from './patient-names.ts'
import type { Criteria, FoundPatients, ListedPatient } from './patient-search.contract.ts'
import {
  countPatients,
  findByExact,
  findInReach,
  findMergedCards,
  findReachable,
  type FoundRow,
  type ListFilter,
  listPatients,
  nestMerged,
  type PersonRow,
} from './patient-search.store.ts'
import { type Card, tryOpenCard } from './patient.sealing.ts'
import { fits, type Question, readQuestion, tokensOf } from './search-criteria.ts'
import { certain } from '#platform/certain.ts'
import type { Context } from '#platform/context.ts'
import { reachOf } from '#platform/context.ts'
import { invalidRequest, Problem } from '#platform/contract/problem.ts'
import type { Database } from '#platform/database/transaction.ts'
import { usualReach } from '#platform/emergency-reach.ts'

/** As many as a search by name or birth date looks at. */
const mostByName = 100
/** Where no more records than this are in reach, the index compares those and no other: some 40 ms. */
const mostCompared = 20_000
/** Where there are more, as many of the best in the house are looked at, so many at a time: enough of them are in so wide a reach. */
const mostInHouse = 10_000
const judgedTogether = 1000

/** Identity cards of everyone whom the criteria fit. @throws Problem invalidRequest */
export async function searchPatients(
  ctx: Context,
  names: PatientNames,
  part: 'query' | 'body',
  { limit, ...given }: Criteria,
): Promise<FoundPatients> {
  const { question, errors } = readQuestion(ctx.system.configuration.country, part, given)
  if (errors.length > 0) throw new Problem(invalidRequest, { errors })
  // Finding reaches everyone: whoever is not found is registered twice.
  const asked = {
    database: ctx.reaching('find'),
    read_reach: reachOf(ctx.actor, 'patients:read') ?? 'none',
    named: (text: string, date_of_birth: string | undefined) =>
      names.search(text, { limit: mostByName, date_of_birth }),
    opened: limit,
  }
  const { items, total, index_complete } = await find(ctx, question, asked)
  const shown = items.slice(0, limit)
  ctx.saw({ details: { criteria: question.kinds, count: total, patient_ids: shown.map(({ row }) => row.id) } })
  return {
    items: shown.map(({ row, card, found_as }) => cardOfFound(row, card, found_as)),
    total,
    index_complete,
  }
}

/** Of those who are `named` so, the best `opened` are opened. */
type Asked = {
  database: Database
  read_reach: string
  named: (text: string, date_of_birth: string | undefined) => Promise<NamesFound>
  opened: number
}
type Hit = { row: PersonRow; card: Readonly<Card> | undefined; found_as: FormerRecord | null }
type Found = { items: Hit[]; total: number; index_complete: boolean }

async function find(ctx: Context, question: Question, asked: Asked): Promise<Found> {
  const { exact, patient_number, name, date_of_birth, otherwise_name } = question
  if (exact.length > 0 || patient_number !== undefined) {
    const tokens = tokensOf(ctx.system.keys.tokenizer('patients'), question)
    const rows = await asked.database.once((tx) => tx.rows(findByExact(tokens, patient_number, asked.read_reach)))
    const items = [...verified(ctx, question, rows), ...(await foundThroughMerged(ctx, question, rows))]
    if (items.length > 0 || otherwise_name === undefined) return { items, total: items.length, index_complete: true }
  }
  const { ids, is_complete } = await asked.named(name ?? otherwise_name ?? '', date_of_birth)
  return { ...(await openBest(ctx, ids, date_of_birth, asked)), index_complete: is_complete }
}

/** The best among those in reach, however many in the house are called so. */
async function namedInReach(
  { database, actor }: Context,
  names: PatientNames,
  read_reach: string,
  text: string,
  date_of_birth: string | undefined,
): Promise<NamesFound> {
  const reachable = await database.read(findReachable(read_reach, actor, mostCompared + 1))
  if (reachable.length <= mostCompared) {
    const among = reachable.map(({ id }) => id)
    return names.search(text, { limit: mostByName, date_of_birth, among })
  }
  const { ids, is_complete } = await names.search(text, { limit: mostInHouse, date_of_birth })
  const found: string[] = []
  for (let at = 0; at < ids.length && found.length < mostByName; at += judgedTogether) {
    const judged = ids.slice(at, at + judgedTogether)
    const inReach = new Set((await database.read(findInReach(judged, read_reach))).map(({ id }) => id))
    found.push(...judged.filter((id) => inReach.has(id)))
  }
  return { ids: found.slice(0, mostByName), is_complete }
}

/**
 * Opens those whom the index named, the best first, until there are as many as asked for: in one trip, but for the few whom the
 * database no longer has as the index knew them.
 */
async function openBest(
  ctx: Context,
  ids: readonly string[],
  date_of_birth: string | undefined,
  { database, read_reach, opened }: Asked,
): Promise<Omit<Found, 'index_complete'>> {
  const { keyring } = ctx.system.keys
  const wasBorn = (card: Card) => date_of_birth === undefined || card.date_of_birth === date_of_birth
  const items: Hit[] = []
  let at = 0
  while (items.length < opened && at < ids.length) {
    const next = ids.slice(at, at + opened - items.length)
    at += next.length
    const found = await readCards(database, keyring, next, read_reach)
    const gone = next.filter((id) => !found.has(id))
    const merged = gone.length === 0 ? [] : (await database.read(findMergedCards(gone, read_reach))).map(nestMerged)
    for (const id of next) {
      const { row, card } = found.get(id) ?? {}
      if (row && card && wasBorn(card)) items.push({ row, card, found_as: null })
      const through = merged.find(({ merged: part }) => part.id === id)
      // Whoever is found under their own name, too, needs no other.
      if (!through || ids.includes(through.id) || items.some(({ row }) => row.id === through.id)) continue
      const former = tryOpenCard(keyring, through.merged)
      if (!former || !wasBorn(former)) continue
      const found_as = formerRecord(through.merged.patient_number, former)
      items.push({ row: through, card: tryOpenCard(keyring, through), found_as })
    }
  }
  return { items, total: items.length + ids.length - at }
}

/** A record whose card was altered is shown, without names, to whoever gave its number: nothing else of it can be compared. */
function verified(ctx: Context, question: Question, rows: readonly FoundRow[]): Hit[] {
  const byNumberAlone =
    question.exact.length === 0 && question.name === undefined && question.date_of_birth === undefined
  return rows.flatMap((row): Hit[] => {
    const found = openFound(ctx.system.keys.keyring, row)
    if (!found) {
      const isIt = byNumberAlone && row.patient_number === question.patient_number
      return isIt ? [{ row, card: undefined, found_as: null }] : []
    }
    return fits(question, found) ? [{ row, card: found.card, found_as: null }] : []
  })
}

/** Those who are found by a value of a record that was merged into theirs; such a record is in nobody's reach by itself. */
async function foundThroughMerged(ctx: Context, question: Question, rows: readonly FoundRow[]): Promise<Hit[]> {
  const { keyring } = ctx.system.keys
  const people = rows.flatMap((row) => openFound(keyring, row) ?? []).filter((person) => !fits(question, person))
  if (people.length === 0) return []
  const merged = await ctx.reaching('find').once((tx) => tx.rows(findMergedTrees(people.map(({ row }) => row.id))))
  return people.flatMap(({ row, card }): Hit[] => {
    const earlier = merged.filter(({ root, id }) => root === row.id && id !== root)
    const former = earlier
      .flatMap((record) => openFound(keyring, { ...record, may_open: false }) ?? [])
      .find((opened) => fits(question, opened))
    return former ? [{ row, card, found_as: formerRecord(former.row.patient_number, former.card) }] : []
  })
}

type ListQuery = {
  skip: number
  limit: number
  cursor?: string | undefined
  search?: string | undefined
  is_active?: boolean | undefined
}

/** The patients whose records the caller may open. @throws Problem invalidRequest */
export async function listOpenPatients(ctx: Context, names: PatientNames, query: ListQuery) {
  const { skip, limit, cursor, search, is_active = true } = query
  const page = Math.floor(skip / limit) + 1
  if (search !== undefined) {
    const after = cursor ? rankIn(cursor) : undefined
    return { ...(await listFound(ctx, names, { search, is_active, skip, limit, after })), page, limit }
  }
  if (cursor && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(cursor)) throw notOurs()
  const filter: ListFilter = { is_active, after: cursor || undefined, skip, limit: limit + 1 }
  const [rows, counted] = await ctx.database.once((tx) =>
    Promise.all([
      tx.rows(listPatients(ctx.reach, ctx.actor, filter)),
      tx.one(countPatients(ctx.reach, ctx.actor, is_active)),
    ]),
  )
  const shown = rows.slice(0, limit)
  const items = shown.map((row) =>
    listed({ row: { ...row, may_open: true }, card: tryOpenCard(ctx.system.keys.keyring, row), found_as: null }),
  )
  ctx.saw({ details: { count: items.length, patient_ids: items.map(({ id }) => id) } })
  return {
    items,
    total: counted.total,
    page,
    limit,
    next_cursor: rows.length > limit ? certain(shown.at(-1), 'last of a page').id : null,
    index_complete: true,
  }
}

/** Where a page of a search ended: with whom, and which they were of those who were found. */
type Rank = { at: number; id: string }

/** @throws Problem invalidRequest */
function rankIn(cursor: string): Rank {
  const [, at, id] = /^(\d{1,4})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(cursor) ?? []
  if (at === undefined || id === undefined) throw notOurs()
  return { at: Number(at), id }
}

const notOurs = () =>
  new Problem(invalidRequest, {
    errors: [{ path: '/query/cursor', code: 'cursor', message: 'Must be the next_cursor of a page' }],
  })

/** The best come first, so the page goes on behind whom the one before ended with; who is found no more has left their place. */
function beginBehind(found: readonly Hit[], { at, id }: Rank): number {
  const index = found.findIndex(({ row }) => row.id === id)
  return index === -1 ? at : index + 1
}

type SearchedList = Required<Pick<ListQuery, 'search' | 'is_active' | 'skip' | 'limit'>> & { after: Rank | undefined }

async function listFound(ctx: Context, names: PatientNames, { search, is_active, skip, limit, after }: SearchedList) {
  // One box is never wrong: what it is, is told by its form.
  const { question } = readQuestion(ctx.system.configuration.country, 'query', { q: search })
  // Emergency access opens one record and lists none.
  const read_reach = usualReach(ctx)
  const named = (text: string, date_of_birth: string | undefined) =>
    ctx.reach === 'all'
      ? names.search(text, { limit: mostByName, date_of_birth })
      : namedInReach(ctx, names, read_reach, text, date_of_birth)
  const asked = { database: ctx.database, read_reach, named, opened: mostByName }
  const { items, index_complete } = await find(ctx, question, asked)
  const open = items.filter(({ row }) => row.may_open && row.is_active === is_active)
  const begin = after ? beginBehind(open, after) : skip
  const shown = open.slice(begin, begin + limit)
  const end = begin + shown.length
  ctx.saw({ details: { criteria: question.kinds, count: open.length, patient_ids: shown.map(({ row }) => row.id) } })
  return {
    items: shown.map((hit) => listed(hit)),
    total: open.length,
    next_cursor: end < open.length ? `${end - 1}.${certain(shown.at(-1), 'last of a page').row.id}` : null,
    index_complete,
  }
}

function listed({ row, card, found_as }: Hit): ListedPatient {
  return { ...cardOfFound(row, card, found_as), is_complete: row.is_complete, registered_date: row.registered_date }
}
