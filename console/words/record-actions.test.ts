// What the log says of a record is read by its patient, who knows none of our names for it.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { en } from './record-actions.en.ts'

const server = join(import.meta.dirname, '../../server')
/** Of which nothing happens to the record of a patient. */
const ofTheHouse =
  /^(access|access_review|activity_finding|analytics|department|demo|doctor|email|event|invitation|job|keys|mail|mfa|password|prescription_key|probe|profile|report|retention|role|schedule|session|time_off|token_key|user|warehouse|webhook)\.|^audit_log\.(find_subjects|roots|verify)$|^emergency_copy\.make$|^resource\.(create|update|set_status|list|read)$/

const written = globSync('{modules,platform}/**/*.ts', { cwd: server, exclude: ['**/*.test.ts', '**/*.testing.ts'] })
  .map((file) => readFileSync(join(server, file), 'utf8'))
  .flatMap((text) => [...text.matchAll(/\baction: '([a-z_]+\.[a-z_]+)'/g)])
  .map(([, action = '']) => action)

const Audited = z.object({ audit: z.object({ action: z.string() }) })

async function ofContracts(): Promise<string[]> {
  const files = globSync('modules/*/*.contract.ts', { cwd: server })
  const contracts = await Promise.all(files.map((file) => import(join(server, file)) as Promise<object>))
  return contracts
    .flatMap((contract) => Object.values(contract) as unknown[])
    .flatMap((api) => (typeof api === 'object' && api !== null ? (Object.values(api) as unknown[]) : []))
    .flatMap((operation) => Audited.safeParse(operation).data?.audit.action ?? [])
}

describe('the words for what was done with a record', () => {
  it('are there for everything that the log says of a patient', async () => {
    const actions = new Set([...written, ...(await ofContracts())])
    assert.ok(actions.size > 120, `only ${actions.size} actions were found`)
    const missing = [...actions].filter((action) => !ofTheHouse.test(action) && !Object.hasOwn(en, action))
    assert.deepEqual(missing.sort(), [])
  })
})
