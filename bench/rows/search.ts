// Rows about finding people by a part of their name.
import { z } from 'zod'
import { createPerson } from '../../server/demo/people.ts'
import { createRandom } from '../../server/demo/random.ts'
import { createQuestion, foldName, type Question } from '../questions.ts'
import type { Row, Side, Turn } from '../row.ts'
import { seed, type World } from '../world.ts'
import { createLoadTurn, toLatency } from './load-side.ts'

// A few people typing at once; more would measure the queue and not the search.
const typing_connections = 4
const query_count = 2000
const checked_count = 200

/** The same questions for every side, about people who are there. */
function createQuestions(people: number): (Question & { exact_last_name: string })[] {
  const random = createRandom(seed)
  return Array.from({ length: query_count }, () => {
    const person = createPerson(seed, Math.floor(random() * people))
    return { ...createQuestion(random, person), exact_last_name: person.last_name }
  })
}

type Search = {
  port: number
  headers: Record<string, string>
  pathOf: (query: string) => string
  /** The names in an answer. */
  namesIn: (answer: unknown) => string[]
}

/** How many questions, in percent, find somebody whom they fit among the first 20: speed alone would be worth nothing. */
async function measureRecall(
  { port, headers, pathOf, namesIn }: Search,
  questions: readonly Question[],
): Promise<number> {
  const checked = questions.slice(0, checked_count)
  let found = 0
  for (const { query, first_name_begins, last_name } of checked) {
    const answer = await fetch(`http://127.0.0.1:${port}${pathOf(query)}`, { headers })
    const names = namesIn(await answer.json()).map((name) => foldName(name).split(' '))
    const fits = names.some(
      (words) => words.includes(last_name) && words.some((word) => word.startsWith(first_name_begins)),
    )
    if (fits) found++
  }
  return (100 * found) / checked.length
}

async function createSearchTurn(world: World, search: Search): Promise<Turn> {
  const questions = createQuestions(world.people)
  const requests = questions.map(({ query }) => ({ method: 'GET' as const, path: search.pathOf(query) }))
  const recall = await measureRecall(search, questions)
  return createLoadTurn(world, {
    ...search,
    repeats: true,
    connections: typing_connections,
    createRequests: () => requests,
    measure(result) {
      const measured = toLatency(result)
      return { ...measured, detail: `${measured.detail}, right name among 20 for ${recall.toFixed(0)} %` }
    },
  })
}

const Found = z.object({ items: z.array(z.object({ first_name: z.string(), last_name: z.string() })) })
const FoundInPlainText = z.object({ items: z.array(z.object({ name: z.string() })) })

const pathOfSearch = (query: string) => `/api/v1/patients/search?q=${encodeURIComponent(query)}`

function createPlaintextSide(name: string, way: 'words' | 'similarity'): Side {
  return {
    name,
    async prepare(world) {
      const { port } = await world.plaintext()
      return createSearchTurn(world, {
        port,
        headers: {},
        pathOf: (query) => `/search/${way}?q=${encodeURIComponent(query)}`,
        namesIn: (answer) => FoundInPlainText.parse(answer).items.map(({ name: found }) => found),
      })
    },
  }
}

export const search_row: Row = {
  name: 'search_by_name',
  requirement:
    'search by part of a name, typo and all, over encrypted patients: p95 lower than plaintext `pg_trgm` on the same people',
  unit: 'ms p95',
  sides: [
    {
      name: 'OpenWard',
      async prepare(world) {
        const openward = await world.openward()
        await openward.grow(world.people)
        return createSearchTurn(world, {
          port: openward.port,
          headers: await openward.headersOf('staff'),
          pathOf: pathOfSearch,
          namesIn: (answer) =>
            Found.parse(answer).items.map(({ first_name, last_name }) => `${first_name} ${last_name}`),
        })
      },
    },
    createPlaintextSide('pg_trgm words', 'words'),
    createPlaintextSide('pg_trgm similarity', 'similarity'),
  ],
  promises: [
    { against: 'pg_trgm words', at_most_times: 1 },
    { against: 'pg_trgm similarity', at_most_times: 1 },
  ],
}

export const search_against_lookup_row: Row = {
  name: 'search_against_exact_lookup',
  requirement: "search by part of a name, typo and all, against the reference's exact last-name lookup, 50 connections",
  unit: 'requests/s',
  sides: [
    {
      name: 'OpenWard',
      async prepare(world) {
        const openward = await world.openward()
        const headers = await openward.headersOf('staff')
        const requests = createQuestions(world.people).map(({ query }) => ({
          method: 'GET' as const,
          path: pathOfSearch(query),
        }))
        return createLoadTurn(world, { port: openward.port, headers, repeats: true, createRequests: () => requests })
      },
    },
    {
      name: 'reference',
      async prepare(world) {
        const { port, headers } = await world.reference()
        const requests = createQuestions(world.people).map(({ exact_last_name }) => ({
          method: 'GET' as const,
          path: `/api/v1/patients?last_name=${encodeURIComponent(exact_last_name)}`,
        }))
        return createLoadTurn(world, { port, headers, repeats: true, createRequests: () => requests })
      },
    },
  ],
  promises: [{ against: 'reference', at_least_times: 10 }],
}
