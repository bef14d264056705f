// FA-05: a disk that its system has turned read-only, as it does of one that fails, under the documents or the data directory.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { assertStatus, expectStatus, nextPerson } from '../hospital.ts'
import { runOpenward, until } from '../processes.ts'

const disk = mkdtempSync(join(tmpdir(), 'openward-disk-'))
const mount = (...words: string[]) => spawnSync('mount', [...words, disk]).status === 0
const skip = mount('-t', 'tmpfs', '-o', 'size=64m', 'openward-test') ? false : 'no disk can be mounted here'
/** Not while a file is open for writing, as that of the roots is for a moment. */
const turn = (way: 'ro' | 'rw') => until(`the disk is ${way}`, () => mount('-o', `remount,${way}`))

let cluster: Cluster
before(async () => {
  if (!skip) cluster = await startCluster()
})
after(async () => {
  await cluster?.stop()
  if (!skip) await until('the disk is let go of', () => spawnSync('umount', [disk]).status === 0)
  rmSync(disk, { recursive: true, force: true })
})

const register = async (caller: Caller) =>
  expectStatus(201, await caller.ask('POST', '/api/v1/patients', nextPerson())) as { id: string }

async function partOf(caller: Caller, name: string) {
  const { text } = await caller.ask('GET', '/health/ready')
  return (JSON.parse(text) as { parts: Record<string, { status: string; detail?: string }> }).parts[name]
}

test('documents that cannot be written are refused, and those that are there are shown', { skip }, async () => {
  const server = await cluster.serve({ environment: { STORAGE_URL: `file:${join(disk, 'documents')}` } })
  const caller = await signIn(server.port)
  const { id: patient_id } = await register(caller)
  const upload = async (content: string) => {
    const form = new FormData()
    form.set('patient_id', patient_id)
    form.set('title', 'A letter')
    form.set('file', new Blob([content], { type: 'text/plain' }), 'letter.txt')
    const answer = await fetch(`http://127.0.0.1:${server.port}/api/v1/documents`, {
      method: 'POST',
      headers: { authorization: `Bearer ${caller.tokens.access_token}` },
      body: form,
    })
    const { id, code } = (await answer.json()) as { id?: string; code?: string }
    return { status: answer.status, id, code }
  }
  const kept = await upload('as it was')
  assert.equal(kept.status, 201)

  await turn('ro')
  const refused = await upload('too late')
  assert.deepEqual([refused.status, refused.code], [503, 'storage_unavailable'])
  const content = await caller.ask('GET', `/api/v1/documents/${kept.id}/content`)
  assert.deepEqual([content.status, content.text], [200, 'as it was'])
  assertStatus(await caller.ask('GET', `/api/v1/patients/${patient_id}`), 200)
  await register(caller)

  await turn('rw')
  assert.equal((await upload('in time')).status, 201)
})

test(
  'with a data directory that cannot be written all work goes on, and what is not sealed is told',
  { skip },
  async () => {
    const environment = { OPENWARD_DATA_DIR: join(disk, 'data') }
    const server = await cluster.serve({ environment })
    const caller = await signIn(server.port)
    await register(caller)
    await turn('ro')
    const { id } = await register(caller)
    assertStatus(await caller.ask('GET', `/api/v1/patients/${id}`), 200)
    await until('health tells', async () => (await partOf(caller, 'audit_log'))?.status === 'degraded')
    assert.match((await partOf(caller, 'audit_log'))?.detail ?? '', /cannot be written to OPENWARD_DATA_DIR.*EROFS/)
    assert.equal(server.output().split('the audit log could not be sealed').length, 2, 'it is told once')

    await turn('rw')
    await until('it is sealed again', async () => (await partOf(caller, 'audit_log'))?.status === 'ok')
    await until('nothing is left over', async () => {
      const { output } = await runOpenward(
        { data_directory: cluster.directory, environment: { ...cluster.environment, ...environment } },
        'audit',
        'verify',
      )
      return / whole, 0 not sealed yet/.test(output) && !/NOT/.test(output)
    })
  },
)
