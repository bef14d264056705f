import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'

const program = join(import.meta.dirname, 'test.ts')

describe('a test run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'openward-test-run-'))
  after(() => rmSync(folder, { recursive: true, force: true }))

  async function run(name: string, ...tests: string[]) {
    const path = join(folder, `${name}.test.mjs`)
    writeFileSync(path, ["import { test } from 'node:test'", ...tests].join('\n'))
    // Without this variable of the outer run, the inner one would report to it instead of to its own reporters.
    const { NODE_TEST_CONTEXT: _, ...environment } = process.env
    const child = spawn(process.execPath, [program, '--no-checks', path], {
      env: { ...environment, TEST_DATABASE_URL: 'postgres://asked.by.no.test.example' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => void (output += chunk.toString()))
    await once(child, 'close')
    const untried = [...output.matchAll(/^Skipped: (.*)$/gm)].map(([, test]) => test)
    return { code: child.exitCode, last: output.trimEnd().split('\n').at(-1), untried }
  }

  const passes = "test('passes', () => undefined)"
  const fails = "test('fails', () => { throw new Error('always') })"
  const skipped = "test('is skipped', { skip: 'no such service here' }, () => undefined)"
  const todo = "test.todo('is to be written')"
  const table: [name: string, tests: string[], code: number, last: string, untried?: string[]][] = [
    ['whole', [passes, passes], 0, '2 passed, 0 failed'],
    ['failing', [passes, fails], 1, '1 passed, 1 failed'],
    ['skipping', [passes, skipped, todo], 0, '1 passed, 0 failed', ['is skipped', 'is to be written']],
    ['mixed', [fails, skipped, passes], 1, '1 passed, 1 failed', ['is skipped']],
    ['idle', [skipped], 1, '0 passed, 0 failed', ['is skipped']],
    ['broken', ['import nothing from'], 1, '0 passed, 1 failed'],
  ]
  for (const [name, tests, code, last, untried = []] of table) {
    it(`that is ${name} ends with the line ${last}`, async () => {
      assert.deepEqual(await run(name, ...tests), { code, last, untried })
    })
  }
})
