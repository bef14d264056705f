// The same journeys in the other shapes of a hospital: four services, and two equal servers, each behind a real nginx. Before the two
// servers stands Prism as well, which holds each answer against the OpenAPI document.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { nginx } from '../nginx-front.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const skip = nginx ? false : 'nginx is not installed'
const journeys = globSync('tests/journeys/*.test.ts', { cwd: root })

async function run(path: string, shape: string) {
  const { NODE_TEST_CONTEXT: _, NODE_V8_COVERAGE: _coverage, ...environment } = process.env
  const child = spawn(process.execPath, ['--test', '--test-reporter=tap', path], {
    cwd: root,
    env: { ...environment, OPENWARD_TEST_SHAPE: shape },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => void (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => void (output += chunk.toString()))
  await once(child, 'close')
  const count = (of: string) => Number(new RegExp(`^# ${of} (\\d+)$`, 'm').exec(output)?.[1])
  return { code: child.exitCode, passed: count('pass'), failed: count('fail'), output }
}

test('journeys are found', () => assert.ok(journeys.length >= 4, journeys.join()))

for (const [shape, named] of [
  ['services', 'four services'],
  ['judged', 'two equal servers, no answer breaking its contract,'],
] as const) {
  for (const path of journeys) {
    test(`${path} passes against ${named} as against one process`, { skip }, async (t) => {
      const { code, passed, failed, output } = await run(path, shape)
      t.diagnostic(`${passed} passed, ${failed} failed`)
      assert.ok(code === 0 && failed === 0 && passed > 0, output.slice(-6000))
    })
  }
}
