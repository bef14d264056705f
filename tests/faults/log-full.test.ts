// FA-05 and row 28: the disk that takes the log is full.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { signIn } from '../caller.ts'
import { assertStatus, expectStatus, nextPerson } from '../hospital.ts'
import { runOpenward, type ServerProcess, startServer, stopServer, temporaryDirectory } from '../processes.ts'

const directory = temporaryDirectory()
let server: ServerProcess

before(async () => {
  server = await startServer({ data_directory: directory.path, log_path: '/dev/full' })
})
after(async () => {
  await stopServer(server)
  await directory.remove()
})

test('a server whose log cannot be written starts, serves, records in the audit log, and ends as ever', async () => {
  const caller = await signIn(server.port)
  const made = expectStatus(201, await caller.ask('POST', '/api/v1/patients', { ...nextPerson(), force: true }))
  const { id } = made as { id: string }
  for (let times = 0; times < 50; times += 1) assertStatus(await caller.ask('GET', `/api/v1/patients/${id}`), 200)
  server.kill('SIGTERM')
  assert.deepEqual(await server.ended, { code: 0, signal: null }, server.output().slice(-800))
  const { code, output } = await runOpenward({ data_directory: directory.path }, 'audit', 'verify')
  assert.equal(code, 0, output)
})
