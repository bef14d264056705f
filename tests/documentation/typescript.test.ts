// The program that docs/integrating.md shows for TypeScript, taken out of the document and run against a real server.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { createDoctor, expectStatus, nextPerson } from '../hospital.ts'
import { administrator } from '../processes.ts'
import { fencedBlocks, readDocument, root } from './blocks.ts'

const blocks = fencedBlocks(readDocument('docs/integrating.md'))
const at = blocks.findIndex(({ words }) => words[0] === 'book.ts')
const [program, promised] = [blocks[at], blocks[at + 1]]

describe('the program for integrators', () => {
  let cluster: Cluster
  let caller: Caller
  before(async () => {
    cluster = await startCluster()
    caller = await signIn((await cluster.serve()).port)
  })
  after(() => cluster?.stop())

  async function run(...words: string[]): Promise<string[]> {
    const folder = join(cluster.directory, 'integrator')
    mkdirSync(folder)
    for (const name of ['package.json', 'server', 'node_modules']) symlinkSync(join(root, name), join(folder, name))
    writeFileSync(join(folder, 'book.ts'), program?.text ?? '')
    const env = {
      PATH: process.env['PATH'],
      OPENWARD: `http://127.0.0.1:${caller.port}`,
      USERNAME: administrator.email,
      PASSWORD: administrator.password,
    }
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['book.ts', ...words], { cwd: folder, env })
    assert.equal(stderr, '')
    return stdout.trim().split('\n')
  }
  const patient = async () =>
    (expectStatus(201, await caller.ask('POST', '/api/v1/patients', nextPerson())) as { id: string }).id

  it('books once, and is told what else is free, in the words that the document shows', async () => {
    const { doctor_id } = await createDoctor(caller)
    const printed = await run(doctor_id, await patient(), await patient())
    const form = (lines: readonly string[]) =>
      lines.map((line) => line.replace(/APT-\d{8}-\d{4}/, 'APT').replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:00Z/g, 'TIME'))
    assert.deepEqual(form(printed), form((promised?.text ?? '').trim().split('\n')))
    const [booked = '', , refused = ''] = printed
    const rows = await cluster.rows<{ code: string; starts_at: Date }>(
      `select confirmation_code as code, lower(during) as starts_at from appointments`,
    )
    assert.deepEqual(
      rows.map(({ code, starts_at }) => `${code} at ${starts_at.toISOString().replace('.000', '')}`),
      [booked],
    )
    assert.ok(!refused.includes(booked.split(' at ')[1] ?? '-'))
  })
})
