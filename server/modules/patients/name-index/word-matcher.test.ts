import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createWordMatcher, mostEdits } from './word-matcher.ts'

function likeness(searched: string, word: string): number {
  const units = Uint16Array.from(Array.from({ length: word.length }), (_, at) => word.charCodeAt(at))
  return createWordMatcher(searched).use((matcher) => matcher.likeness(units, 0, units.length))
}

const inOrder: [searched: string, words: string[]][] = [
  ['fonseca', ['fonseca', 'fonsecas', 'fonseka', 'fonzecas', 'afonsecab', 'garcia']],
  ['ann', ['ann', 'anna', 'annabella', 'anm', 'joanne', 'bob']],
  ['jo', ['jo', 'joe', 'johannes', 'oj']],
  ['j', ['j', 'jo', 'john', 'maj']],
]

for (const [searched, words] of inOrder) {
  test(`${searched} is likest ${words.join(', then ')}`, () => {
    const scores = words.map((word) => likeness(searched, word))
    assert.deepEqual(
      scores.toSorted((a, b) => b - a),
      scores,
    )
    assert.equal(new Set(scores).size, scores.length)
    assert.equal(scores[0], 1)
    assert.equal(scores.at(-1), 0)
  })
}

test('exchanged neighbours are one slip, as is a wrong, a missing and a needless letter', () => {
  for (const word of ['fnoseca', 'fonseka', 'fonsca']) {
    assert.equal(likeness('fonseca', word), 1 - 0.8 / 7)
  }
  assert.equal(likeness('fonseca', 'fonseeca'), 1 - 0.8 / 8)
})

test('the longest searched word is compared whole, and a longer one is cut', () => {
  const longest = 'abcdefgh'.repeat(4)
  assert.equal(likeness(longest, longest), 1)
  assert.equal(likeness(`${longest}xyz`, longest), 1)
  assert.ok(likeness(longest, `${longest.slice(0, 31)}x`) > 0.9)
})

const word = fc.stringMatching(/^[abc]{1,12}$/)

test('two words are alike exactly where their distance, a beginning or a part says so', () => {
  fc.assert(
    fc.property(word, word, (searched, other) => {
      const whole = distance(searched, other)
      const beginning = Math.min(
        ...Array.from({ length: other.length + 1 }, (_, end) => distance(searched, other.slice(0, end))),
      )
      const alike =
        whole <= mostEdits(searched.length) ||
        beginning === 0 ||
        (beginning === 1 && searched.length >= 4 && other.length > searched.length) ||
        (searched.length >= 3 && other.includes(searched))
      assert.equal(likeness(searched, other) > 0, alike)
      assert.equal(likeness(searched, other) === 1, searched === other)
    }),
    { numRuns: 2_000 },
  )
})

test('one matcher leaves nothing behind for the next', () => {
  const before = likeness('abc', 'abd')
  likeness('xyzxyz', 'abcabc')
  assert.equal(likeness('abc', 'abd'), before)
})

/** Optimal string alignment, by the textbook table. */
function distance(one: string, other: string): number {
  const rows = Array.from({ length: one.length + 1 }, (_, row) =>
    Array.from({ length: other.length + 1 }, (_unused, column) => (row === 0 ? column : column === 0 ? row : 0)),
  )
  const at = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY
  for (let row = 1; row <= one.length; row++) {
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1] ? 0 : 1
      const exchanged = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      const values = [at(row - 1, column) + 1, at(row, column - 1) + 1, at(row - 1, column - 1) + same]
      if (row > 1 && column > 1 && exchanged) values.push(at(row - 2, column - 2) + 1)
      rows[row]?.splice(column, 1, Math.min(...values))
    }
  }
  return at(one.length, other.length)
}
