// Where the server stands must not matter: what is about hours and slots passes with its clock in other zones.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const suites = [
  'slots.test.ts',
  'schedule.test.ts',
  '../notifications/sending-time.test.ts',
  '../appointments/clock-change.test.ts',
  '../appointments/series-rule.test.ts',
]

async function runIn(zone: string): Promise<{ code: number | null; told: string }> {
  // A runner that finds itself within another one reports to it instead of to us.
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env
  const files = suites.map((file) => join(import.meta.dirname, file))
  const child = spawn(process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=tap', ...files], {
    env: { ...environment, TZ: zone },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [told, [code]] = await Promise.all([text(child.stdout), once(child, 'exit') as Promise<[number | null]>])
  return { code, told }
}

describe('a server', () => {
  for (const zone of ['UTC', 'America/Los_Angeles', 'Asia/Kathmandu', 'Pacific/Kiritimati']) {
    it(`in ${zone} offers and books the same hours`, async (t) => {
      const { code, told } = await runIn(zone)
      assert.equal(code, 0, told)
      const passed = Number(/^# pass (\d+)$/m.exec(told)?.[1])
      t.diagnostic(`${passed} tests`)
      assert.ok(passed >= 60, told)
    })
  }
})
