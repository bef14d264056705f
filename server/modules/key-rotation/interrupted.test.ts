// The command itself, killed twice in the middle of a rotation while records are read, and run again to its end.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { newDataKey } from '#platform/encryption/data-key.ts'
import { generateMasterKey, kekIds, parseMasterKeys } from '#platform/encryption/keyring.ts'
import { createLog } from '#platform/logging.ts'
import { buildApp } from '../../app.ts'
import { openSystem } from '../../system.ts'
import { startTestApi, type TestApi, testMasterKey } from '../../testing.ts'

const program = join(dirname(fileURLToPath(import.meta.url)), '../../cli/main.ts')
const newMasterKey = generateMasterKey()
const bothKeys = `${newMasterKey},${testMasterKey}`
const patientCount = 150
const moreKeys = 10_000

/** `openward <words>`, whose output is told chunk by chunk. */
function openward(api: TestApi, directory: string, words: string[], master_key = bothKeys) {
  const child = spawn(process.execPath, [program, ...words], {
    cwd: directory,
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      HOME: directory,
      OPENWARD_DATA_DIR: directory,
      OPENWARD_TIMEZONE: 'UTC',
      OPENWARD_MASTER_KEY: master_key,
      DATABASE_URL: api.owner_url,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const keep = (chunk: Buffer) => void (output += chunk.toString())
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, output }))
  return {
    kill: () => void child.kill('SIGKILL'),
    ended,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
  }
}

type Counted = { done: number; left: number }

/** Kills the rotation once it has done something and something is left, twice; then lets it end. */
async function interruptTwice(start: () => ReturnType<typeof openward>, count: () => Promise<Counted>) {
  let killed = 0
  for (let attempt = 0; killed < 2; attempt += 1) {
    assert.ok(attempt < 10, 'the rotation was too quick to be interrupted')
    const before = await count()
    const run = start()
    while (!run.hasEnded()) {
      const { done, left } = await count()
      if (done === before.done) continue
      assert.ok(left > 0, 'the rotation was too quick to be interrupted')
      run.kill()
      killed += 1
      break
    }
    const { output } = await run.ended
    if (run.hasEnded() && output.includes('another rotation')) continue
  }
  return start().ended
}

/** A server with both master keys on the same database, whose records somebody reads until told to stop. */
async function serveWithBothKeys(api: TestApi, ids: readonly string[]) {
  const system = await openSystem({
    configuration: api.configuration,
    keyring: parseMasterKeys(bothKeys),
    owner_url: api.owner_url,
    log: createLog('silent'),
    pool_size: 4,
    migrated: true,
    unsafe_fsync_off: true,
  })
  const app = await buildApp(system)
  await app.http.ready()
  const admin = await api.person('admin')
  const statuses = new Map<number, number>()
  let isStopped = false
  const read = async (first: number) => {
    for (let at = first; !isStopped; at += 1) {
      const url = `/api/v1/patients/${ids[at % ids.length]}`
      const { statusCode } = await app.http.inject({ url, headers: { authorization: `Bearer ${admin.token}` } })
      statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1)
    }
  }
  const readers = [read(0), read(Math.floor(ids.length / 2))]
  return {
    statuses,
    async stop() {
      if (isStopped) return
      isStopped = true
      await Promise.all(readers)
      await app.stop()
      await system.close()
    },
  }
}

async function world() {
  const api = await startTestApi()
  const directory = mkdtempSync(join(tmpdir(), 'openward-keys-'))
  const ids: string[] = []
  for (let count = 0; count < patientCount; count += 1) ids.push(await api.patient())
  return { api, directory, ids }
}

/** Keys without anything sealed: wrapping anew takes a fraction of what sealing anew does. */
async function addKeys(api: TestApi, ids: readonly string[]) {
  const keyring = parseMasterKeys(testMasterKey)
  const keys = Array.from({ length: moreKeys }, () => newDataKey(keyring))
  await api.rows(sql`
    insert into patient_keys (id, patient_id, kek_id, wrapped)
    select id, ${ids[0]}, kek_id, wrapped
      from unnest(${keys.map(({ id }) => id)}::uuid[], ${keys.map(({ kek_id }) => kek_id)}::text[],
                  ${keys.map(({ wrapped }) => wrapped)}::bytea[]) as k(id, kek_id, wrapped)`)
}

describe('a rotation that is killed twice', () => {
  it('of the master key: no read fails, and no key is left under the old one', async (t) => {
    const { api, directory, ids } = await world()
    const server = await serveWithBothKeys(api, ids)
    try {
      const [newest] = kekIds(parseMasterKeys(bothKeys))
      await addKeys(api, ids)
      const count = async (): Promise<Counted> => {
        const [row] = await api.rows(sql<Counted>`
          select (count(*) filter (where kek_id = ${newest}))::int as done, (count(*) filter (where kek_id <> ${newest}))::int as left
            from patient_keys where wrapped is not null`)
        return row ?? { done: 0, left: 0 }
      }
      const { code, output } = await interruptTwice(() => openward(api, directory, ['keys', 'rotate', '--kek']), count)
      await server.stop()
      assert.equal(code, 0, output)
      assert.match(output, /No key is left under \w+/)
      assert.deepEqual(await count(), { done: patientCount + moreKeys, left: 0 })
      assert.deepEqual([...server.statuses.keys()], [200])
      t.diagnostic(`${server.statuses.get(200)} reads meanwhile`)
      const status = await openward(api, directory, ['keys', 'status']).ended
      assert.equal(status.code, 0)
      assert.ok(!status.output.includes('an older one'))
    } finally {
      await server.stop()
      await api[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true, force: true })
    }
  })

  it('of the keys of patients: no read fails, and nothing is left under an old one', async (t) => {
    const { api, directory, ids } = await world()
    const server = await serveWithBothKeys(api, ids)
    try {
      const count = async (): Promise<Counted> => {
        const [row] = await api.rows(sql<Counted>`
          select (count(*) filter (where replaced_by is not null))::int as done,
                 (select count(*)::int from patients p join patient_keys k on k.id = p.key_id where exists
                   (select from patient_keys o where o.patient_id = p.id having count(*) = 1)) as left
            from patient_keys`)
        return row ?? { done: 0, left: 0 }
      }
      const start = () => openward(api, directory, ['keys', 'rotate', '--patients'], testMasterKey)
      const { code, output } = await interruptTwice(start, count)
      await server.stop()
      assert.equal(code, 0, output)
      assert.match(output, /Going on with the rotation/)
      assert.deepEqual(await count(), { done: patientCount, left: 0 })
      const old = await api.rows(
        sql`select from patients p join patient_keys k on k.id = p.key_id where k.replaced_by is not null`,
      )
      assert.equal(old.length, 0)
      assert.deepEqual([...server.statuses.keys()], [200])
      t.diagnostic(`${server.statuses.get(200)} reads meanwhile`)
    } finally {
      await server.stop()
      await api[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true, force: true })
    }
  })
})

describe('a server with the wrong master key', () => {
  it('refuses to start, says which key is missing, and changes nothing for the others', async () => {
    const { api, directory } = { api: await startTestApi(), directory: mkdtempSync(join(tmpdir(), 'openward-keys-')) }
    try {
      const { code, output } = await openward(api, directory, ['serve'], newMasterKey).ended
      assert.equal(code, 78)
      assert.match(output, /OPENWARD_MASTER_KEY does not open this database/)
      assert.ok(!output.includes(newMasterKey))
      assert.ok(!output.includes('    at '))
      // The role that serves requests still has the password of the right key.
      const system = await openSystem({
        configuration: api.configuration,
        keyring: parseMasterKeys(testMasterKey),
        owner_url: api.owner_url,
        log: createLog('silent'),
        migrated: true,
        unsafe_fsync_off: true,
      })
      await system.close()
    } finally {
      await api[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true, force: true })
    }
  })
})
