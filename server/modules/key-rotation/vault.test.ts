// Servers whose key-encryption keys a vault wraps: starting, going on without it, moving to it, rotating while they run.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import pg from 'pg'
import { sql } from '#platform/database/sql.ts'
import {
  generateMasterKey,
  kekIds,
  type Keyring,
  parseMasterKeys,
  vouch,
  newKekBytes,
  kekOf,
} from '#platform/encryption/keyring.ts'
import { assertMasterKeyOpens } from '#platform/encryption/stored-keys.ts'
import { openVaultKeyring } from '#platform/encryption/vault-keyring.ts'
import { startVaultStandIn, type VaultStandIn } from '#platform/encryption/vault-stand-in.testing.ts'
import { openVault } from '#platform/encryption/vault.ts'
import { createLog } from '#platform/logging.ts'
import { buildApp } from '../../app.ts'
import { openSystem } from '../../system.ts'
import { createTestDatabase, dropTestDatabase, startTestApi, type TestApi, testMasterKey } from '../../testing.ts'
import { openPatientNames } from '../patients/patient-names.ts'
import { nextPerson } from '../patients/people.testing.ts'
import { countByKek, rotateMasterKey } from './master-key.ts'
import { openRotation } from './rotation.testing.ts'
import { describeKeys } from './status.ts'

let standIn: VaultStandIn
before(async () => void (standIn = await startVaultStandIn()))
after(() => standIn[Symbol.asyncDispose]())
beforeEach(() => standIn.refuseAll(undefined))

/** The test's master key is given too: the role of this cluster, which all tests share, has its password. */
const given = () => parseMasterKeys(testMasterKey)

async function openRing(
  api: Pick<TestApi, 'owner_url'>,
  master: Keyring | 'none' = given(),
  keys = [standIn.address],
): Promise<Keyring> {
  const owner = new pg.Client({ connectionString: api.owner_url })
  await owner.connect()
  try {
    const vault = openVault({ keys, ...standIn.options() })
    return await openVaultKeyring({ vault, given: master === 'none' ? undefined : master, owner })
  } finally {
    await owner.end()
  }
}

/** A server of its own on the test's database. */
async function serve(api: TestApi, keyring: Keyring) {
  const system = await openSystem({
    configuration: api.configuration,
    keyring,
    owner_url: api.owner_url,
    log: createLog('silent'),
    pool_size: 4,
    migrated: true,
    unsafe_fsync_off: true,
  })
  const app = await buildApp(system)
  await app.http.ready()
  const admin = await api.person('admin')
  const ask = async (method: 'GET' | 'POST', url: string, payload?: object) =>
    app.http.inject({
      method,
      url,
      headers: { authorization: `Bearer ${admin.token}` },
      ...(payload ? { payload } : {}),
    })
  return {
    system,
    read: async (id: string) => (await ask('GET', `/api/v1/patients/${id}`)).statusCode,
    async register(person = nextPerson()) {
      const answer = await ask('POST', '/api/v1/patients', { ...person, force: true })
      assert.equal(answer.statusCode, 201, answer.body)
      return answer.json<{ id: string }>().id
    },
    async [Symbol.asyncDispose]() {
      await app.stop()
      await system.close()
    },
  }
}

const keksOfPatients = (api: TestApi) =>
  api.rows(sql<{ kek_id: string }>`select distinct kek_id from patient_keys where wrapped is not null order by 1`)
const storedKeys = (api: TestApi) =>
  api.rows(
    sql<{
      id: string
      vault_key: string
      wrapped: Buffer
    }>`select id, vault_key, wrapped from master_keys order by number`,
  )

describe('moving from a master key to a vault', () => {
  it('is a rotation: both are known first, then the vault’s key alone is needed', async () => {
    await using api = await startTestApi()
    const id = await api.patient()
    const [master] = kekIds(given())
    const ring = await openRing(api)
    assert.deepEqual(kekIds(ring)[0], master)
    await using server = await serve(api, ring)
    const before = await server.register()
    assert.deepEqual(await keksOfPatients(api), [{ kek_id: master }])

    const known = await openRing(api)
    await using rotation = await openRotation(api, { keyring: known, settled: () => server.system.keys.reload() })
    assert.ok((await describeKeys(rotation)).some((line) => line.includes('known, not used')))
    assert.deepEqual(await rotateMasterKey(rotation), { unfinished: [] })
    const [ofVault] = kekIds(known)
    assert.notEqual(ofVault, master)
    assert.deepEqual(new Set((await countByKek(rotation)).map(({ kek_id }) => kek_id)), new Set([ofVault]))
    assert.ok(rotation.said.some((line) => line.includes('remove it from every server')))
    // The server that ran all the while reads, and wraps new keys under the vault's.
    assert.deepEqual([await server.read(id), await server.read(before)], [200, 200])
    await server.register()
    assert.deepEqual(await keksOfPatients(api), [{ kek_id: ofVault }])

    const alone = await openRing(api, 'none')
    assert.deepEqual(kekIds(alone), [ofVault])
    await assert.rejects(assertMasterKeyOpens(rotation.pool, given()), /which a key vault keeps: set OPENWARD_KMS_URL/)
    await assert.rejects(
      assertMasterKeyOpens(rotation.pool, parseMasterKeys(generateMasterKey())),
      /which a key vault keeps: set OPENWARD_KMS_URL/,
    )
    const [stored] = await storedKeys(api)
    assert.ok(stored && !stored.wrapped.includes(alone.keks[0].root.export()))
  })

  it('is not needed where the vault was there from the beginning: its first key stands alone', async () => {
    const owner_url = await createTestDatabase()
    const first = await openRing({ owner_url }, 'none')
    assert.deepEqual(kekIds(await openRing({ owner_url }, 'none')), kekIds(first))
    const owner = new pg.Client({ connectionString: owner_url })
    await owner.connect()
    const { rows } = await owner.query('select id, voucher, used_at is not null as is_used from master_keys')
    assert.deepEqual(rows, [{ id: kekIds(first)[0], voucher: null, is_used: true }])
    await owner.end()
    await dropTestDatabase(owner_url)
  })

  it('changes nothing where the keys do not open what is there', async () => {
    await using api = await startTestApi()
    await assert.rejects(openRing(api, 'none'), /does not open this database/)
    const [row] = await api.rows(sql<{ is_there: boolean }>`select to_regclass('master_keys') is not null as is_there`)
    assert.equal(row?.is_there, false)
  })
})

describe('a new key of the vault', () => {
  it('takes over while servers run, that read and register all the while', async () => {
    await using api = await startTestApi()
    await using first = await openRotation(api, { keyring: await openRing(api) })
    await rotateMasterKey(first)
    await using server = await serve(api, await openRing(api))
    const ids = [await server.register()]
    const [old] = await storedKeys(api)
    standIn.renewKey()

    let isDone = false
    let registering: Promise<string> | undefined
    const statuses = new Set<number>()
    const load = async () => {
      while (!isDone) {
        ids.push(await (registering = server.register()))
        for (const id of ids.slice(-5)) statuses.add(await server.read(id))
      }
    }
    const running = load()
    // In place of the time in which a server learns of the key and ends the requests that began before.
    const settled = async () => {
      await server.system.keys.reload()
      await registering
    }
    await using rotation = await openRotation(api, { keyring: await openRing(api), settled })
    assert.deepEqual(await rotateMasterKey(rotation), { unfinished: [] })
    isDone = true
    await running

    const left = await storedKeys(api)
    assert.equal(left.length, 1)
    assert.notEqual(left[0]?.id, old?.id)
    assert.notEqual(left[0]?.vault_key, old?.vault_key)
    assert.deepEqual(await keksOfPatients(api), [{ kek_id: left[0]?.id }])
    for (const id of ids) statuses.add(await server.read(id))
    assert.deepEqual(statuses, new Set([200]))
    assert.ok(ids.length > 1)
  })

  it('that was interrupted is used by the next run, and none is made besides', async () => {
    await using api = await startTestApi()
    await using first = await openRotation(api, { keyring: await openRing(api) })
    await rotateMasterKey(first)
    const stop = () => Promise.reject(new Error('interrupted'))
    await using interrupted = await openRotation(api, { keyring: await openRing(api), settled: stop })
    await assert.rejects(rotateMasterKey(interrupted), /interrupted/)
    const made = await storedKeys(api)
    assert.equal(made.length, 2)
    await using rotation = await openRotation(api, { keyring: await openRing(api), settled: async () => undefined })
    assert.deepEqual(await rotateMasterKey(rotation), { unfinished: [] })
    assert.deepEqual(
      (await storedKeys(api)).map(({ id }) => id),
      [made[1]?.id],
    )
  })
})

describe('row 23: a vault', () => {
  it('that is away, refuses or has another key keeps a server from starting, and one that runs goes on', async () => {
    await using api = await startTestApi()
    await using rotation = await openRotation(api, { keyring: await openRing(api) })
    await rotateMasterKey(rotation)
    await using server = await serve(api, await openRing(api))
    standIn.refuseAll({ status: 403, code: 'Forbidden' })
    await assert.rejects(openRing(api), /grant get, wrapKey and unwrapKey/)
    standIn.refuseAll({ status: 503, code: 'Unavailable' })
    await assert.rejects(openRing(api), /answers 503/)
    await server.system.keys.reload()
    assert.equal(await server.read(await server.register()), 200)
    standIn.refuseAll(undefined)
    await using other = await startVaultStandIn()
    await assert.rejects(openRing(api, given(), [other.address]), /OPENWARD_KMS_URL does not name/)
  })

  it('whose keys were altered in the database is refused', async () => {
    await using api = await startTestApi()
    await using rotation = await openRotation(api, { keyring: await openRing(api) })
    await rotateMasterKey(rotation)
    const [stored] = await storedKeys(api)
    await api.rows(sql`update master_keys set wrapped = set_byte(wrapped, 9, get_byte(wrapped, 9) # 1)`)
    await assert.rejects(openRing(api), /could not unwrap/)
    await api.rows(sql`update master_keys set wrapped = ${stored?.wrapped}, id = 'another'`)
    await assert.rejects(openRing(api), /another one than its name says/)
    // Anyone may wrap for the vault's key, also what is no key of ours.
    const short = await openVault({ keys: [standIn.address], ...standIn.options() }).wrap(Buffer.alloc(16, 7))
    await api.rows(sql`update master_keys set wrapped = ${short.wrapped}, vault_key = ${short.vault_key}`)
    await assert.rejects(openRing(api), /another one than its name says/)
  })

  it('takes no key that somebody slipped into the database, though anyone may wrap for it', async () => {
    await using api = await startTestApi()
    const ring = await openRing(api)
    await using rotation = await openRotation(api, { keyring: ring })
    await rotateMasterKey(rotation)
    await using server = await serve(api, await openRing(api))
    const bytes = newKekBytes()
    const theirs = kekOf(bytes)
    const vault = openVault({ keys: [standIn.address], ...standIn.options() })
    const { vault_key, algorithm, wrapped } = await vault.wrap(bytes)
    for (const voucher of [null, vouch(theirs, theirs)]) {
      await api.rows(sql`
        insert into master_keys (number, id, vault_key, algorithm, wrapped, voucher, used_at)
        values (9, ${theirs.id}, ${vault_key}, ${algorithm}, ${wrapped}, ${voucher}, now())`)
      await assert.rejects(openRing(api), /was not made by this installation/)
      await assert.rejects(server.system.keys.reload(), /was not made by this installation/)
      assert.notEqual(kekIds(server.system.keys.keyring)[0], theirs.id)
      await api.rows(sql`delete from master_keys where number = 9`)
    }
    // Alone it opens nothing that is there.
    await api.rows(sql`update master_keys set id = ${theirs.id}, wrapped = ${wrapped}, vault_key = ${vault_key}`)
    const alone = await openRing(api)
    await assert.rejects(assertMasterKeyOpens(rotation.pool, alone), /does not open this database/)
  })
})

describe('the name index of a server with a vault', () => {
  it('finds people whose keys were wrapped under a key that was made meanwhile', async () => {
    await using api = await startTestApi()
    await using server = await serve(api, await openRing(api))
    const names = openPatientNames(server.system)
    await names.start()
    try {
      await using rotation = await openRotation(api, {
        keyring: await openRing(api),
        settled: () => server.system.keys.reload(),
      })
      await rotateMasterKey(rotation)
      const person = nextPerson()
      const id = await server.register(person)
      const [row] = await api.rows(sql<{ key_id: string; kek_id: string; wrapped: Buffer; sealed_card: Buffer }>`
        select p.key_id, k.kek_id, k.wrapped, p.sealed_card from patients p join patient_keys k on k.id = p.key_id where p.id = ${id}`)
      assert.ok(row)
      assert.notEqual(row.kek_id, kekIds(given())[0])
      names.changed({ id, ...row, version: 1 })
      const { ids } = await names.search(`${person.first_name} ${person.last_name}`, { limit: 5 })
      assert.ok(ids.includes(id))
    } finally {
      await names.stop()
    }
  })
})
