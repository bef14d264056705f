import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { sealJson } from '#platform/encryption/sealing.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'
import { testAccount } from './accounts.testing.ts'
import { userTokenSource } from './token-source.ts'
import { userApi } from './user.contract.ts'

/** Accounts past the API, sealed as they are. */
async function addMany(api: TestApi, count: number, role: string) {
  const key = api.system.keys.system('users')
  const ids = Array.from({ length: count }, () => randomUUIDv7()).toSorted()
  const sealed = ids.map((id, at) => {
    const profile = { first_name: 'Crowd', last_name: `Member ${at}`, email: `${id}@example.test`, username: id }
    return sealJson(key, { table: 'users', column: 'sealed_profile', row_id: id }, profile)
  })
  await api.rows(sql`
    insert into users (id, key_id, sealed_profile, role)
    select id, ${key.id}, sealed, ${role} from unnest(${ids}::uuid[], ${sealed}::bytea[]) as new(id, sealed)`)
}

describe('a search for accounts', () => {
  let api: TestApi
  let admin: Person
  const find = (query: Record<string, string>) => admin.call(userApi.list, { query })
  before(async () => {
    api = await startTestApi()
    admin = await api.person('admin')
    await addMany(api, 20_001, 'staff')
    await addMany(api, 10, 'patient')
  })
  after(() => api[Symbol.asyncDispose]())

  it('knows everyone who works here, however many they are', async () => {
    const last = await testAccount(api, { username: 'zuleika.last' })
    assert.deepEqual(
      (await find({ q: 'zuleika' })).items.map(({ id }) => id),
      [last.id],
    )
    const everyone = await find({ q: 'crowd member', limit: '5', skip: '5' })
    assert.deepEqual([everyone.total, everyone.items.length, everyone.page], [20_001, 5, 2])
    assert.equal(everyone.items[0]?.last_name, 'Member 5')
    assert.equal((await find({ q: 'member 20000' })).total, 1)
    assert.equal((await find({ q: 'crowd', role: 'nurse' })).total, 0)
  })

  it('has no tokens made anew of a profile that was altered, and those of the others', async () => {
    const [altered, whole] = [await testAccount(api), await testAccount(api)]
    const ids = [altered.id, whole.id]
    await api.rows(
      sql`update users set sealed_profile = set_byte(sealed_profile, 20, get_byte(sealed_profile, 20) # 1) where id = ${altered.id}`,
    )
    const tokensOf = (id: string) =>
      api.rows(sql`select kind, key_version, token from user_tokens where user_id = ${id} order by 1, 2, 3`)
    const right = await tokensOf(whole.id)
    assert.ok(right.length > 0)
    await api.rows(sql`update user_tokens set token = sha256(token) where user_id = any(${ids}::uuid[])`)
    const left = await tokensOf(altered.id)
    const unreadable = await api.database.transaction((tx) => userTokenSource.backfill(tx, api.system.keys, ids))
    assert.deepEqual([unreadable, await tokensOf(whole.id), await tokensOf(altered.id)], [[altered.id], right, left])
    await api.rows(
      sql`update users set sealed_profile = set_byte(sealed_profile, 20, get_byte(sealed_profile, 20) # 1) where id = ${altered.id}`,
    )
  })

  it('finds the accounts of patients by the whole address, or where they are asked for', async () => {
    const patient = await testAccount(api, { role: 'patient' })
    const ids = async (query: Record<string, string>) => (await find(query)).items.map(({ id }) => id)
    assert.deepEqual(await ids({ q: patient.email.toUpperCase() }), [patient.id])
    assert.deepEqual(await ids({ q: 'ada tester', is_active: 'true', role: 'patient' }), [patient.id])
    assert.equal((await ids({ q: 'ada tester' })).includes(patient.id), false)
    assert.equal((await find({ q: 'crowd', role: 'patient' })).total, 10)
    assert.deepEqual(await ids({ q: patient.email, role: 'nurse' }), [])
    assert.deepEqual(await ids({ q: patient.email, is_active: 'false' }), [])
  })
})
