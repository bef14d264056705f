// How fast, how large and how right the name index is: `node bench/name-index.ts [--people 1000000] [--searches 2000]
// [--sealed 50000] [--wrong]`. `--sealed` is how many cards the worker opens, `--wrong` prints the searches that failed.
import { createHash } from 'node:crypto'
import { parseArgs } from 'node:util'
import { newDataKey } from '#platform/encryption/data-key.ts'
import { generateMasterKey, parseMasterKeys } from '#platform/encryption/keyring.ts'
import { sealJson } from '#platform/encryption/sealing.ts'
import {
  createPeopleGenerator,
  type GeneratedPerson,
  misspell,
  type Random,
  seededRandom,
} from '../server/modules/patients/name-index/generated-people.testing.ts'
import { startNameIndex } from '../server/modules/patients/name-index/index.client.ts'
import { createNameIndex } from '../server/modules/patients/name-index/name-index.ts'
import { normaliseName } from '../server/modules/patients/names.ts'

const { values } = parseArgs({
  options: {
    people: { type: 'string', default: '1000000' },
    searches: { type: 'string', default: '2000' },
    sealed: { type: 'string', default: '50000' },
    wrong: { type: 'boolean', default: false },
  },
})
const peopleCount = Number(values.people)
const searchCount = Number(values.searches)

const index = createNameIndex()
const sample: GeneratedPerson[] = []
const nextPerson = createPeopleGenerator(1)
/** By the person's number, which is the end of their id. */
const nameHashes = new Uint32Array(peopleCount)
let buildMilliseconds = 0
for (let made = 0; made < peopleCount; made += 1000) {
  const batch = Array.from({ length: Math.min(1000, peopleCount - made) }, nextPerson)
  sample.push(...batch.slice(0, Math.ceil((searchCount * 1000) / peopleCount)))
  const begun = process.cpuUsage()
  for (const person of batch) index.upsert(person.id, fullName(person), person.date_of_birth)
  buildMilliseconds += process.cpuUsage(begun).user / 1000
  for (const [at, person] of batch.entries()) nameHashes[made + at] = nameHash(person)
}

print('people', index.size())
print('built in seconds of one core, names in the clear', round(buildMilliseconds / 1000))
print('index, MiB', round(index.memory_bytes() / 2 ** 20))
print('process with its sample, MiB resident', round(process.memoryUsage.rss() / 2 ** 20))

measure('one slip in first and last name', (random, person) => misspell(random, [first(person), last(person)]))
measure('first and last name, right', (_random, person) => `${first(person)} ${last(person)}`)
measure('last name with a slip, alone', (random, person) => misspell(random, [last(person)]))
measure('three letters of each', (_random, person) => `${first(person).slice(0, 3)} ${last(person).slice(0, 3)}`)
measure('two letters', (_random, person) => last(person).slice(0, 2))
measure('initial and last name', (_random, person) => `${first(person).slice(0, 1)} ${last(person)}`)
measure('one slip and the birth date', (random, person) => misspell(random, [first(person), last(person)]), true)
measure('the birth date alone', () => '', true)

await measureWorker(Number(values.sealed))

async function measureWorker(cards: number): Promise<void> {
  const master_keys_text = generateMasterKey()
  const keyring = parseMasterKeys(master_keys_text)
  const rows = Array.from({ length: cards }, nextPerson).map(({ id, ...card }) => {
    const key = newDataKey(keyring)
    const sealed_card = sealJson(key, { table: 'patients', column: 'sealed_card', row_id: id }, card)
    return { id, key_id: key.id, kek_id: key.kek_id, wrapped: key.wrapped, sealed_card }
  })
  const client = startNameIndex({ master_keys_text })
  await client.addSealed(rows.slice(0, 1000))
  const begun = process.cpuUsage()
  await client.addSealed(rows)
  const cpu = process.cpuUsage(begun)
  const seconds = (cpu.user + cpu.system) / 1_000_000
  print('sealed cards packed, opened and indexed by the worker, a second of one core', Math.round(cards / seconds))
  await client.close()
}

function measure(
  name: string,
  query: (random: Random, person: GeneratedPerson) => string,
  withBirthDate = false,
): void {
  const random = seededRandom(2)
  const milliseconds: number[] = []
  let right = 0
  for (const person of sample.slice(0, searchCount)) {
    const text = query(random, person)
    const begun = performance.now()
    const date_of_birth = withBirthDate ? person.date_of_birth : undefined
    const found = index.search(text, { limit: 20, date_of_birth })
    milliseconds.push(performance.now() - begun)
    if (found.some(({ id }) => isRightName(id, person))) right++
    else if (values.wrong) console.log('  not found:', text, '|', fullName(person))
  }
  milliseconds.sort((a, b) => a - b)
  const percentile = (share: number) => round(milliseconds[Math.floor(milliseconds.length * share)] ?? 0)
  print(
    name,
    `p50 ${percentile(0.5)} ms, p95 ${percentile(0.95)} ms, max ${percentile(0.9999)} ms, right ${round((right / milliseconds.length) * 100)} %`,
  )
}

function first({ first_name }: GeneratedPerson): string {
  return normaliseName(first_name)
}

function last({ last_name }: GeneratedPerson): string {
  return normaliseName(last_name)
}

/** The person, or a namesake of theirs. */
function isRightName(id: string, person: GeneratedPerson): boolean {
  return nameHashes[Number.parseInt(id.slice(-8), 16)] === nameHash(person)
}

function nameHash(person: GeneratedPerson): number {
  return createHash('sha256')
    .update(`${first(person)}|${last(person)}`)
    .digest()
    .readUInt32LE()
}

function fullName({ first_name, middle_name, last_name }: GeneratedPerson): string {
  return `${first_name} ${middle_name ?? ''} ${last_name}`
}

function print(what: string, value: string | number): void {
  console.log(`${what}: ${value}`)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
