import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { normaliseName } from '../names.ts'
import { createPeopleGenerator, misspell, seededRandom } from './generated-people.testing.ts'
import { createNameIndex, type NameIndex } from './name-index.ts'

/** An id that tells which row of a test it is. */
const idOf = (row: number) => `00000000-0000-4000-8000-${String(row).padStart(12, '0')}`

function indexOf(people: readonly (readonly [name: string, date_of_birth?: string])[]): NameIndex {
  const index = createNameIndex()
  for (const [row, [name, date_of_birth]] of people.entries()) index.upsert(idOf(row), name, date_of_birth ?? null)
  return index
}

const PEOPLE = [
  ['Agustín Fonseca', '1956-08-03'],
  ['Agustina Fontana', '1990-03-04'],
  ['María José García-Márquez', '1971-05-06'],
  ['Maryann Lee', '1980-01-01'],
  ['Ann Mary Leigh', '1981-01-01'],
  ["Siobhán O'Brien", '1956-08-03'],
  ['محمد أحمد عبد الله', '2001-02-03'],
  ['田中 太郎', '1999-12-31'],
  ['Jürgen Groß', '1965-07-08'],
  ['Bo Li', '1977-07-07'],
  ['Ashlee John', '1977-08-07'],
  ['Иосиф Бродский', '1940-05-24'],
] as const

const searches: [text: string, best: number, what: string][] = [
  ['Agustín Fonseca', 0, 'the whole name'],
  ['fonseca agustin', 0, 'the other order, without diacritics'],
  ['agustin fonsca', 0, 'a letter left out'],
  ['agsutin fonseca', 0, 'two letters exchanged'],
  ['fonzeca', 0, 'a wrong letter'],
  ['ffonseca', 0, 'a letter too many at the beginning'],
  ['onseca', 0, 'the first letter left out'],
  ['fonse', 0, 'the beginning'],
  ['fomse', 0, 'the beginning with a wrong letter'],
  ['nsec', 0, 'a part from within'],
  ['sec', 0, 'three letters from within'],
  ['a fons', 0, 'an initial and a beginning'],
  ['agustina', 1, 'a name that is the beginning of no other'],
  ['garcia', 2, 'one of two last names'],
  ['jose marquez', 2, 'words from the middle'],
  ['mariajose garcia', 2, 'two words typed as one'],
  ['mary ann lee', 3, 'one word typed as two'],
  ['leigh ann', 4, 'words of another order'],
  ['obrien', 5, 'without the apostrophe'],
  ["o'brian", 5, 'with the apostrophe and a wrong letter'],
  ['احمد', 6, 'Arabic without the hamza'],
  ['عبدالله', 6, 'two Arabic words typed as one'],
  ['田中', 7, 'Japanese'],
  ['太郎 田中', 7, 'Japanese in the other order'],
  ['jurgen gross', 8, 'German in plain letters'],
  ['li', 9, 'two letters that are a name'],
  ['bo', 9, 'two letters that are a name'],
  ['jhon', 10, 'a short name with two letters exchanged'],
  ['john ashle', 10, 'a word and a beginning'],
  ['бродский', 11, 'Russian'],
  ['бродскии', 11, 'Russian without the breve'],
]

for (const [text, best, what] of searches) {
  test(`${JSON.stringify(text)} finds ${PEOPLE[best]?.[0]}: ${what}`, () => {
    assert.equal(indexOf(PEOPLE).search(text, { limit: 20 })[0]?.id, idOf(best))
  })
}

test('nobody is found by a name that nobody bears', () => {
  const index = indexOf(PEOPLE)
  for (const text of ['xyzzyq', 'q', 'qq', 'zzz']) assert.deepEqual(index.search(text, { limit: 20 }), [])
})

test('a text without words finds nobody', () => {
  const index = indexOf([...PEOPLE, ['']])
  for (const text of ['', '  ', '-', '%', '\u0000', '...']) assert.deepEqual(index.search(text, { limit: 20 }), [])
})

test('the whole name has a score of 1, in any order', () => {
  for (const text of ['agustin fonseca', 'FONSECA, Agustín']) {
    assert.equal(indexOf(PEOPLE).search(text, { limit: 1 })[0]?.score, 1)
  }
})

test('a birth date alone finds all born that day, and after them those with day and month exchanged', () => {
  const index = indexOf([...PEOPLE, ['Eva Nowak', '1956-03-08'], ['Nobody']])
  const found = index.search('', { limit: 20, date_of_birth: '1956-08-03' })
  assert.deepEqual(
    found.map(({ id, score }) => [id, score]),
    [
      [idOf(0), 1],
      [idOf(5), 1],
      [idOf(12), 0.5],
    ],
  )
})

test('a short word behind two long ones tells apart whom one of these fits', () => {
  const index = createNameIndex()
  index.upsert(idOf(0), 'Li Wang', null)
  for (let row = 1; row <= 300; row += 1) index.upsert(idOf(row), 'Bo Wang', null)
  assert.equal(index.search('li wang zzzzz', { limit: 10 })[0]?.id, idOf(0))
})

test('of a crowd whom two words fit the best are found, whoever came first', () => {
  const index = createNameIndex()
  for (let row = 0; row < 3000; row += 1) index.upsert(idOf(row), row === 1500 ? 'John Smith' : 'Johnny Smithson', null)
  for (let row = 3000; row < 6000; row += 1) index.upsert(idOf(row), row % 2 === 0 ? 'John Miller' : 'Jane Smith', null)
  assert.equal(index.search('smith john', { limit: 1 })[0]?.id, idOf(1500))
})

test('a birth date that cannot be exchanged, or is unknown, finds nobody whose birth date is unknown', () => {
  const index = indexOf([['Nobody'], ['Somebody', '1990-01-31']])
  assert.equal(index.search('', { limit: 20, date_of_birth: '1990-01-31' }).length, 1)
  assert.equal(index.search('', { limit: 20, date_of_birth: '' }).length, 0)
})

test('beside a name, an unknown birth date counts as another one', () => {
  const index = indexOf([['John Smith'], ['John Smith', '1985-06-08'], ['John Smith', '1985-06-07']])
  const found = index.search('john smith', { limit: 20, date_of_birth: '1985-06-07' })
  assert.deepEqual(
    found.map(({ id, score }) => [id, score]),
    [
      [idOf(2), 1],
      [idOf(0), 0.6],
      [idOf(1), 0.6],
    ],
  )
})

test('where every word fits a crowd, the common one still tells those apart whom the rarer has found', () => {
  const index = createNameIndex()
  // More than the words themselves are worth looking up for.
  const crowd = 50_001
  for (let row = 0; row < crowd; row += 1)
    index.upsert(idOf(row), row % 2 === 0 ? 'Maria Smith' : 'Maria Johnson', null)
  index.upsert(idOf(crowd), 'Mario Fonseca', null)
  index.upsert(idOf(crowd + 1), 'Jane Fonseca', null)
  const found = (text: string, limit: number) => index.search(text, { limit }).map(({ id }) => id)
  assert.deepEqual(found('maria fonseca', 2), [idOf(crowd), idOf(crowd + 1)])
  assert.deepEqual(found('fonseca m', 2), [idOf(crowd), idOf(crowd + 1)])
  // What one search gave to words is gone for the next.
  assert.deepEqual(found('jane fonseca', 1), [idOf(crowd + 1)])
  // A word that nobody has leaves the other to say who fits.
  assert.equal(found('maria xqzwv', 20).length, 20)
  assert.ok(found('maria johnson', 20).every((id) => Number(id.slice(-6)) % 2 === 1))
})

test('among those born on a day, whoever shares one word of two is not who is looked for; who shares two, or what may be meant by them, is', () => {
  const index = indexOf([
    ['James Ashbourne', '1990-01-02'],
    ['Ashton James', '1990-02-01'],
    ['James Miller', '1990-01-02'],
    ['Li Anna Ashton', '1990-01-02'],
    ['Sukarno', '1990-01-02'],
    ['James Ashton', '1985-06-07'],
    ['Mary Ann Smith', '1990-01-02'],
    ['Kumar Krishnan', '1990-01-02'],
  ])
  const namesakes = (text: string) =>
    index.search(text, { limit: 10, date_of_birth: '1990-01-02', only_born: true }).map(({ id }) => id)
  assert.deepEqual(namesakes('James Ashton').toSorted(), [idOf(0), idOf(1)])
  assert.deepEqual(namesakes('Lianna Ashton'), [idOf(3)])
  assert.deepEqual(namesakes('Sukarno Sukarno'), [idOf(4)])
  assert.deepEqual(namesakes('Maryann Smith'), [idOf(6)])
  assert.deepEqual(namesakes('Jane Doe'), [])
  // An initial may stand for another word than the first that it fits.
  assert.deepEqual(namesakes('K Kumar'), [idOf(7)])
})

test('a birth date puts the right one of several namesakes first', () => {
  const index = indexOf([
    ['John Smith', '1990-01-02'],
    ['John Smith', '1990-02-01'],
    ['John Smith', '1985-06-07'],
    ['Jane Doe', '1985-06-07'],
  ])
  const found = index.search('jon smith', { limit: 20, date_of_birth: '1985-06-07' })
  assert.deepEqual(
    found.map(({ id }) => id),
    [idOf(2), idOf(0), idOf(1), idOf(3)],
  )
})

test('no more are found than were asked for', () => {
  const index = indexOf(Array.from({ length: 500 }, () => ['John Smith', '1990-01-02'] as const))
  for (const limit of [0, 1, 20, 300, 1000]) {
    assert.equal(index.search('smith', { limit }).length, Math.min(limit, 500))
  }
})

test('every one of many names of one person is found, and a name of a hundred words harms nobody', () => {
  const words = Array.from({ length: 100 }, (_, at) => `w${'abcdefghij'[at % 10]}${'klmnopqrst'[Math.floor(at / 10)]}x`)
  const index = indexOf([[words.join(' ')], ['x'.repeat(5000)], ['John Smith']])
  assert.equal(index.search(words[31] ?? '', { limit: 1 })[0]?.id, idOf(0))
  assert.equal(index.search('x'.repeat(300), { limit: 1 })[0]?.id, idOf(1))
  assert.equal(index.search('smith', { limit: 1 })[0]?.id, idOf(2))
})

const word = fc.stringMatching(/^[ab]{1,3}$/)
const change = fc.record({
  id: fc.integer({ min: 0, max: 30 }).map(idOf),
  name: fc.option(
    fc.array(word, { maxLength: 4 }).map((words) => words.join(' ')),
    { nil: null },
  ),
  born: fc.constantFrom(null, '1990-01-02', '1990-01-31'),
})

test('after any changes it holds exactly those who are there, each under their present name and birth date', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
      const index = createNameIndex()
      const present = new Map<string, { words: Set<string>; born: string | null }>()
      for (const { id, name, born } of changes) {
        if (name === null) {
          index.remove(id)
          present.delete(id)
        } else {
          index.upsert(id, name, born)
          present.set(id, { words: new Set(name.split(' ')), born })
        }
      }
      assert.equal(index.size(), present.size)
      for (const searched of ['a', 'ab', 'bab', 'bbb']) {
        const exact = [...present].filter(([, { words }]) => words.has(searched)).map(([id]) => id)
        const found = index.search(searched, { limit: 100 })
        const first = found.slice(0, exact.length).map(({ id }) => id)
        assert.deepEqual(first.toSorted(), exact.toSorted())
        assert.ok(found.every(({ id }) => present.has(id)))
      }
      const bornThen = [...present].filter(([, { born }]) => born === '1990-01-31').map(([id]) => id)
      const found = index.search('', { limit: 100, date_of_birth: '1990-01-31' }).map(({ id }) => id)
      assert.deepEqual(found.toSorted(), bornThen.toSorted())
    }),
  )
})

test('no search makes it throw, nor leaves anything behind for the next', () => {
  const index = indexOf(PEOPLE)
  const before = index.search('agustin fonsca', { limit: 20, date_of_birth: '1956-08-03' })
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 0, max: 50 }), (text, limit) => {
      const found = index.search(text, { limit })
      assert.ok(found.every(({ score }) => score > 0 && score <= 1))
    }),
  )
  assert.deepEqual(index.search('agustin fonsca', { limit: 20, date_of_birth: '1956-08-03' }), before)
})

test('with one slip the right name is among 20 of 20,000 for 99 of 100 searches', () => {
  const index = createNameIndex()
  const nextPerson = createPeopleGenerator(3, 2_000, 20_000)
  const people = Array.from({ length: 20_000 }, nextPerson)
  for (const { id, first_name, middle_name, last_name, date_of_birth } of people) {
    index.upsert(id, `${first_name} ${middle_name ?? ''} ${last_name}`, date_of_birth)
  }
  const names = new Map(people.map((person) => [person.id, nameOf(person)]))
  const random = seededRandom(4)
  const searched = people.filter((_, at) => at % 40 === 0)
  const found = searched.filter((person) => {
    const text = misspell(random, [normaliseName(person.first_name), normaliseName(person.last_name)])
    return index.search(text, { limit: 20 }).some(({ id }) => names.get(id) === nameOf(person))
  })
  assert.equal(searched.length, 500)
  assert.ok(found.length >= 495, `${found.length} of 500`)
})

test('of a crowd with one name enough are found, and the one who has another word of the search, too, comes first', () => {
  const index = createNameIndex()
  // As many words as a house has at least.
  const letter = (at: number) => String.fromCharCode(97 + (at % 26))
  for (let row = 0; row < 1200; row += 1)
    index.upsert(idOf(70_000 + row), `${letter(row)}${letter(row / 26)}${letter(row / 676)}wxyz`, null)
  for (let row = 0; row < 50_001; row += 1) index.upsert(idOf(row), 'Maria Schmidt', null)
  index.upsert(idOf(60_000), 'Maria Fonseca', null)
  assert.deepEqual(
    index.search('maria fonseca', { limit: 1 }).map(({ id }) => id),
    [idOf(60_000)],
  )
  const alone = index.search('maria', { limit: 20 })
  assert.equal(alone.length, 20)
  assert.deepEqual(new Set(alone.map(({ score }) => score)), new Set([alone[0]?.score]))
})

test('where many have each of two words, those who have both come first, however many are nearly called so', () => {
  const index = createNameIndex()
  const crowd = ['Anna Kowalska', 'Anna Nowak', 'Hanna Kowalski', 'Marek Kowalski', 'Ana Kowalski']
  for (let row = 0; row < 5000; row += 1) index.upsert(idOf(row), crowd[row % crowd.length] as string, null)
  const found = (text: string) => index.search(text, { limit: 100 })
  // Nobody is called so, though by chance hundreds would be: those come first who are nearly.
  assert.equal(found('anna kowalski').length, 100)
  assert.ok(
    found('anna kowalski').every(({ id, score }) => crowd[Number(id.slice(-12)) % 5] === 'Anna Kowalska' && score < 1),
  )
  for (let row = 6000; row < 6300; row += 1) index.upsert(idOf(row), 'Anna Kowalski', null)
  for (let row = 7000; row < 7300; row += 1) index.upsert(idOf(row), 'Hanna Kowalska', null)
  assert.deepEqual(new Set(found('anna kowalski').map(({ score }) => score)), new Set([1]))
  assert.ok(found('anna kowalski').every(({ id }) => id >= idOf(6000) && id < idOf(6300)))
})

test('names of one sign are found whole, in either order, in a crowd that has one of the two', () => {
  const index = createNameIndex()
  const crowd = ['王 芳', '李 伟', '王 磊', '张 伟']
  for (let row = 0; row < 4000; row += 1) index.upsert(idOf(row), crowd[row % crowd.length] as string, null)
  index.upsert(idOf(5000), '王 伟', null)
  for (const text of ['王 伟', '伟 王']) {
    const [best, next] = index.search(text, { limit: 2 })
    assert.deepEqual([best?.id, best?.score], [idOf(5000), 1])
    assert.ok(next && next.score < 1)
  }
})

function nameOf({ first_name, last_name }: { first_name: string; last_name: string }): string {
  return normaliseName(`${first_name} ${last_name}`)
}

const PATIENTS = new URL('../../../../../shared/material/synthea/patients.csv', import.meta.url)
const skip = existsSync(PATIENTS) ? false : 'shared/material/synthea/patients.csv is not beside the project'

test('each of the 615 synthetic patients is found by first and last name with one slip', { skip }, () => {
  const rows: { first_name: string; middle_name: string; last_name: string; date_of_birth: string }[] = parse(
    readFileSync(PATIENTS),
    { columns: true },
  )
  const index = indexOf(
    rows.map((row) => [`${row.first_name} ${row.middle_name} ${row.last_name}`, row.date_of_birth] as const),
  )
  const random = seededRandom(5)
  const missed = rows.filter((row, at) => {
    const text = misspell(random, [normaliseName(row.first_name), normaliseName(row.last_name)])
    return !index.search(text, { limit: 20 }).some(({ id }) => id === idOf(at))
  })
  assert.equal(rows.length, 615)
  assert.ok(missed.length <= 1, `${missed.length} of 615 were not found`)
})
