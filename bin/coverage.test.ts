import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { byArea, coverageTable, isEnough, missedPlaces, readCoverage } from './coverage.ts'

const program = `// Says hello.
type Greeting = {
  word: string
}

/** Whom it greets. */
const names: string[] = process.argv.slice(2)
function greet(name: string): Greeting {
  if (name === 'nobody') {
    return { word: 'bye' }
  }
  return { word: name === 'Ada' ? 'hello' : 'hi' }
}
function never() {
  return 'this'
}
for (const name of names) greet(name)
export { never }
`

describe('the coverage of a run', () => {
  const home = mkdtempSync(join(tmpdir(), 'openward-coverage-test-'))
  after(() => rmSync(home, { recursive: true, force: true }))

  /** What is left when the program has run once for each list of names, each time in a process of its own. */
  function coverageOf(...runs: string[][]) {
    const folder = mkdtempSync(join(home, 'raw-'))
    for (const names of runs) {
      const { status, stderr } = spawnSync(process.execPath, [join(home, 'server/greeting.ts'), ...names], {
        env: { ...process.env, NODE_V8_COVERAGE: folder },
        encoding: 'utf8',
      })
      assert.equal(status, 0, stderr)
    }
    return readCoverage(folder, home)
  }
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(home, path)), { recursive: true })
    writeFileSync(join(home, path), text)
  }
  write('package.json', '{"type":"module"}')
  write('server/greeting.ts', program)
  write('server/greeting.test.ts', 'throw new Error("not measured")\n')
  write('server/house.testing.ts', 'throw new Error("not measured")\n')

  const missed = (files: ReturnType<typeof coverageOf>) => missedPlaces(files).trim().split('\n')

  it('counts lines of code, not of types and comments, and what each process has reached', () => {
    const [file, ...others] = coverageOf(['Ada'], ['nobody'])
    assert.deepEqual(others, [])
    assert.deepEqual(file?.lines, { covered: 9, all: 12 })
    assert.deepEqual(missed(file ? [file] : []), [
      "server/greeting.ts:12 : 'hi'",
      'server/greeting.ts:14 function never() {',
      "server/greeting.ts:15 return 'this'",
      'server/greeting.ts:16 }',
    ])
  })

  it('is that of all processes together: what one leaves out another may reach', () => {
    const reached = (...runs: string[][]) => coverageOf(...runs)[0]?.branches
    const alone = reached(['Ada'])
    const together = reached(['Ada'], ['nobody'], ['Grace'], [])
    assert.ok(alone && together)
    assert.ok(alone.covered < alone.all)
    assert.deepEqual(together.covered, together.all)
    assert.deepEqual(reached(['Ada', 'nobody', 'Grace'])?.covered, reached(['Ada', 'nobody', 'Grace'])?.all)
  })

  it('is nothing of a file that was never read', () => {
    write('server/modules/patients/unread.ts', 'export const a = 1\nexport type B = string\n')
    const files = coverageOf(['Ada', 'nobody', 'Grace'])
    rmSync(join(home, 'server/modules/patients'), { recursive: true })
    const areas = byArea(files)
    assert.deepEqual(
      areas.map(({ area, lines }) => [area, lines.covered, lines.all]),
      [
        ['patients', 0, 1],
        ['rest', 9, 12],
      ],
    )
    assert.match(coverageTable(areas), /^patients {6}0\.00 % of 1 .* 100\.00 % of 0 .* 99 %$/m)
  })

  for (const [covered, all, isEnoughOf99] of [
    [99, 100, true],
    [9899, 10_000, false],
    [0, 0, true],
  ] as const) {
    it(`${isEnoughOf99 ? 'is' : 'is not'} enough where it is ${covered} of ${all}`, () => {
      const whole = { covered: 1, all: 1 }
      const of = { area: 'patients', least_percent: 99 }
      assert.equal(isEnough({ ...of, lines: { covered, all }, branches: whole }), isEnoughOf99)
      assert.equal(isEnough({ ...of, lines: whole, branches: { covered, all } }), isEnoughOf99)
    })
  }

  it('is never shown as more than it is', () => {
    const almost = { covered: 9999, all: 10_000 }
    const areas = [{ area: 'audit', least_percent: 99, lines: almost, branches: { covered: 99_999, all: 100_000 } }]
    assert.match(coverageTable(areas), /^audit +99\.99 % of 10000 +99\.99 % of 100000 +99 %$/m)
  })
})
