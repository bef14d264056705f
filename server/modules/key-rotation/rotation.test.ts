// Rotations beside a server that serves: nothing that is asked for meanwhile fails or is missed.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TOTP } from 'otpauth'
import { integrityError, keyUnavailable } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { generateMasterKey, kekIds, parseMasterKeys } from '#platform/encryption/keyring.ts'
import { openAuditSealing } from '#modules/audit-trail'
import { sealAll } from '../audit-trail/sealing.testing.ts'
import { type Person, refusedWith, startTestApi, type TestApi, testMasterKey } from '../../testing.ts'
import { signedInAs, testAccount } from '../identity/accounts.testing.ts'
import { loginApi } from '../identity/login.contract.ts'
import { sessionApi } from '../identity/session.contract.ts'
import { emergencyContactApi } from '../patients/emergency-contact.contract.ts'
import { duplicatePolicy, insuranceApi } from '../patients/insurance.contract.ts'
import { mergeApi } from '../patients/merge.contract.ts'
import { duplicateIdentifier, patientApi } from '../patients/patient.contract.ts'
import { patientSearchApi } from '../patients/patient-search.contract.ts'
import { nextPerson } from '../patients/people.testing.ts'
import { rotateAuditKey } from './audit-key.ts'
import { rotateIndexRoot } from './index-roots.ts'
import { countByKek, rotateMasterKey } from './master-key.ts'
import { rotatePatientKeys } from './patient-keys.ts'
import { openRotation, type WholePatient, wholePatient } from './rotation.testing.ts'
import { patientSealedTables } from './sealed-tables.ts'
import { rotateSystemKeys } from './system-keys.ts'
import { describeKeys } from './status.ts'

/** Everything that is sealed for a patient opens, by way of the API where there is one. */
async function readWhole(
  admin: Person,
  { patient_id, policy_number, last_name }: { patient_id: string; policy_number: string; last_name: string },
) {
  const params = { patient_id }
  const [patient, contacts, insurances] = await Promise.all([
    admin.call(patientApi.read, { params }),
    admin.call(emergencyContactApi.list_contacts, { params, query: {} }),
    admin.call(insuranceApi.list_insurances, { params, query: {} }),
  ])
  assert.equal(patient.last_name, last_name)
  assert.equal(contacts.items[0]?.name, 'Luis Ruiz')
  assert.equal(insurances.items[0]?.policy_number, policy_number)
}

/** How many sealed rows name a key that was replaced. */
async function countOld(api: TestApi): Promise<number> {
  let count = 0
  for (const { table, key } of patientSealedTables) {
    const text = `select count(*)::int as count from ${table} t join patient_keys k on k.id = t.${key} where k.replaced_by is not null`
    const [row] = await api.rows<{ count: number }>({ text, name: '', values: [], strings: [text] })
    count += row?.count ?? 0
  }
  return count
}

describe('a new master key', () => {
  it('wraps every key anew, and a server that has both reads on; one without the old key is told to wait or refused', async () => {
    await using api = await startTestApi()
    const admin = await api.person('admin')
    const patient = await wholePatient(api, admin)
    const newText = generateMasterKey()
    const both = parseMasterKeys(`${newText},${testMasterKey}`)
    const [newest, old] = kekIds(both)
    await using rotation = await openRotation(api, { keyring: both })
    assert.deepEqual(await rotateMasterKey(rotation), { unfinished: [] })
    const counts = await countByKek(rotation)
    assert.deepEqual(new Set(counts.map(({ kek_id }) => kek_id)), new Set([newest]))
    assert.deepEqual(
      counts.map(({ table }) => table),
      ['index_roots', 'patient_keys', 'signing_keys', 'system_keys'],
    )
    assert.ok(rotation.said.at(-1)?.includes(`No key is left under ${old}`))
    // This server has the old key only: the record cannot be opened, the list shows who it cannot read.
    const params = { patient_id: patient.patient_id }
    await assert.rejects(admin.call(patientApi.read, { params }), refusedWith(keyUnavailable))
    const { items } = await admin.call(patientSearchApi.list, { query: {} })
    assert.deepEqual(
      items.map(({ last_name }) => last_name),
      [null],
    )
    await assert.rejects(openRotation(api), /the master key with the id \w+ is not configured/)
    assert.ok((await describeKeys(rotation)).some((line) => line.includes(newest)))
  })

  it('reports a wrapped key that was altered, and wraps the others', async () => {
    await using api = await startTestApi()
    const admin = await api.person('admin')
    const [one, other] = [await wholePatient(api, admin), await wholePatient(api, admin)]
    await api.rows(
      sql`update patient_keys set wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) where patient_id = ${one.patient_id}`,
    )
    await using rotation = await openRotation(api, {
      keyring: parseMasterKeys(`${generateMasterKey()},${testMasterKey}`),
    })
    const { unfinished } = await rotateMasterKey(rotation)
    assert.equal(unfinished.length, 2)
    assert.match(unfinished[0] ?? '', /did not pass its integrity check/)
    const left = await api.rows(
      sql<{
        patient_id: string
      }>`select patient_id from patient_keys where kek_id = ${kekIds(api.system.keys.keyring)[0]}`,
    )
    assert.deepEqual(
      left.map(({ patient_id }) => patient_id),
      [one.patient_id],
    )
    assert.notEqual(one.patient_id, other.patient_id)
  })
})

describe('new keys of patients', () => {
  it('seal everything anew but the audit log, while the records are read and changed', async () => {
    await using api = await startTestApi()
    const admin = await api.person('admin')
    const patients: WholePatient[] = []
    for (let count = 0; count < 12; count += 1) patients.push(await wholePatient(api, admin))
    await using rotation = await openRotation(api)
    let isDone = false
    let reads = 0
    const load = async () => {
      while (!isDone) {
        for (const patient of patients) {
          await readWhole(admin, patient)
          await admin.call(patientApi.change, { params: patient, body: { occupation: `clerk ${(reads += 1)}` } })
        }
      }
    }
    const loads = [load(), load()]
    const outcome = await rotatePatientKeys(rotation)
    isDone = true
    await Promise.all(loads)
    assert.deepEqual(outcome, { unfinished: [] })
    assert.equal(await countOld(api), 0)
    for (const patient of patients) await readWhole(admin, patient)
    const keys = await api.rows(
      sql<{ replaced: boolean }>`select replaced_by is not null as replaced from patient_keys`,
    )
    assert.equal(keys.filter(({ replaced }) => replaced).length, 12)
    assert.equal(keys.length, 24)
    const [kept] = await api.rows(sql<{ count: number }>`
      select count(*)::int as count from audit_logs a join patient_keys k on k.id = a.key_id where k.replaced_by is not null and k.wrapped is not null`)
    assert.ok((kept?.count ?? 0) > 0)
  })

  it('leave young keys alone where only older ones are asked for', async () => {
    await using api = await startTestApi()
    const admin = await api.person('admin')
    const [old, young] = [await wholePatient(api, admin), await wholePatient(api, admin)]
    await api.rows(
      sql`update patient_keys set created_at = now() - interval '400 days' where patient_id = ${old.patient_id}`,
    )
    await using rotation = await openRotation(api)
    await rotatePatientKeys(rotation, 365)
    const replaced = await api.rows(
      sql<{ patient_id: string }>`select patient_id from patient_keys where replaced_by is not null`,
    )
    assert.deepEqual(
      replaced.map(({ patient_id }) => patient_id),
      [old.patient_id],
    )
    await readWhole(admin, young)
  })

  it('go with a merged record, and back with it', async () => {
    await using api = await startTestApi()
    const admin = await api.person('admin')
    const [survivor, merged] = [await wholePatient(api, admin), await wholePatient(api, admin)]
    await api.rows(
      sql`update appointments set during = '[2027-02-01 10:00Z,2027-02-01 10:30Z)' where patient_id = ${merged.patient_id}`,
    )
    await using rotation = await openRotation(api)
    const params = { patient_id: survivor.patient_id }
    const { merge_id } = await admin.call(mergeApi.merge, {
      params,
      body: { merged_patient_id: merged.patient_id, reason: 'the same person', force: true },
    })
    assert.deepEqual(await rotatePatientKeys(rotation), { unfinished: [] })
    assert.equal(await countOld(api), 0)
    await admin.call(patientApi.read, { params })
    await admin.call(mergeApi.unmerge, { params, body: { merge_id: merge_id ?? '', reason: 'two persons' } })
    await readWhole(admin, survivor)
    await readWhole(admin, merged)
    const foreign = await api.rows(
      sql`select from patients p join patient_keys k on k.id = p.key_id where k.patient_id <> p.id`,
    )
    assert.equal(foreign.length, 0)
  })

  it('pass over a record that was altered, which stays refused and is told of', async () => {
    await using api = await startTestApi()
    const admin = await api.person('admin')
    const [one, other] = [await wholePatient(api, admin), await wholePatient(api, admin)]
    await api.rows(
      sql`update patients set sealed_contact = set_byte(sealed_contact, 20, get_byte(sealed_contact, 20) # 1) where id = ${one.patient_id}`,
    )
    await using rotation = await openRotation(api)
    const { unfinished } = await rotatePatientKeys(rotation)
    assert.equal(unfinished.length, 1)
    await assert.rejects(admin.call(patientApi.read, { params: one }), refusedWith(integrityError))
    await readWhole(admin, other)
    const told = await api.rows(sql<{ outcome: string; patient_id: string | null }>`
      select outcome, patient_id from audit_logs where action = 'integrity.failed' order by id`)
    assert.deepEqual(
      told.map(({ outcome }) => outcome),
      ['failure', 'failure'],
    )
    assert.equal(told[1]?.patient_id, one.patient_id)
  })
})

describe('new keys of the system', () => {
  it('seal users anew, and those who are signed in or have a second factor notice nothing', async () => {
    await using api = await startTestApi()
    const account = await testAccount(api, { mfa: true })
    const plain = await testAccount(api)
    const { headers } = await signedInAs(api, plain)
    const before = api.system.keys.system('users').id
    await using rotation = await openRotation(api)
    assert.deepEqual(await rotateSystemKeys(rotation), { unfinished: [] })
    assert.notEqual(api.system.keys.system('users').id, before)
    const left = await api.rows(sql`select from users where key_id = ${before}`)
    assert.equal(left.length, 0)
    assert.equal((await api.call(sessionApi.me, {}, headers)).email, plain.email)
    assert.ok(await signedInAs(api, account, { otp: new TOTP({ secret: account.totp_secret }).generate() }))
  })
})

describe('a new index root', () => {
  it('makes every token anew while people are found, registered and refused as duplicates', async () => {
    await using api = await startTestApi()
    const admin = await api.person('admin')
    const account = await testAccount(api)
    const patients: WholePatient[] = []
    for (let count = 0; count < 10; count += 1) patients.push(await wholePatient(api, admin))
    const [merged, survivor] = [patients.shift(), patients[0]]
    assert.ok(merged && survivor)
    await api.rows(
      sql`update appointments set during = '[2027-02-01 10:00Z,2027-02-01 10:30Z)' where patient_id = ${merged.patient_id}`,
    )
    await admin.call(mergeApi.merge, {
      params: { patient_id: survivor.patient_id },
      body: { merged_patient_id: merged.patient_id, reason: 'the same person', force: true },
    })
    let isDone = false
    let asked = 0
    const missed: string[] = []
    // The time that a rotation waits outlasts every request that was under way.
    const under_way = new Set<Promise<unknown>>()
    const settled = async () => {
      await api.system.keys.reload()
      await Promise.allSettled(under_way)
    }
    async function follow<T>(work: Promise<T>): Promise<T> {
      under_way.add(work)
      return work.finally(() => under_way.delete(work))
    }
    const find = async () => {
      while (!isDone) {
        const patient = patients[(asked += 1) % patients.length]
        if (!patient) continue
        const { items } = await follow(admin.call(patientSearchApi.search, { body: { ssn: patient.ssn } }))
        if (items.length !== 1) missed.push(patient.patient_id)
        const again = { body: { ...nextPerson(), ssn: patient.ssn, force: true } }
        await assert.rejects(follow(admin.call(patientApi.register, again)), refusedWith(duplicateIdentifier))
      }
    }
    const register = async () => {
      while (!isDone) patients.push(await follow(wholePatient(api, admin)))
    }
    const loads = [find(), find(), register()]
    await using rotation = await openRotation(api, { settled })
    const outcome = await rotateIndexRoot(rotation)
    isDone = true
    await Promise.all(loads)
    assert.deepEqual(outcome, { unfinished: [] })
    assert.ok(asked > 5)
    assert.deepEqual(missed, [])
    const versions = await api.rows(sql<{ version: number }>`
      select key_version as version from patient_tokens union select key_version from user_tokens union select key_version from insurance_tokens`)
    assert.deepEqual(versions, [{ version: 2 }])
    assert.deepEqual(await api.rows(sql`select version from index_roots`), [{ version: 2 }])
    for (const { ssn, patient_id, policy_number } of patients) {
      const { items } = await admin.call(patientSearchApi.search, { body: { ssn } })
      assert.deepEqual(
        items.map(({ id }) => id),
        [patient_id],
      )
      const body = { provider_name: 'Red Shield', policy_number, coverage_start_date: '2026-01-01', currency: 'USD' }
      await assert.rejects(
        admin.call(insuranceApi.add_insurance, { params: survivor, body }),
        refusedWith(duplicatePolicy),
      )
    }
    // A merged record is known by its own identifier too.
    await assert.rejects(
      admin.call(patientApi.register, { body: { ...nextPerson(), ssn: merged.ssn, force: true } }),
      refusedWith(duplicateIdentifier),
    )
    assert.ok(await api.call(loginApi.login, { body: { username: account.email, password: account.password } }))
  })

  it('makes the tokens that a server wrote late, and goes on where it was interrupted', async () => {
    await using api = await startTestApi()
    const admin = await api.person('admin')
    const patient = await wholePatient(api, admin)
    const stop = () => Promise.reject(new Error('interrupted'))
    await using interrupted = await openRotation(api, { settled: stop })
    await assert.rejects(rotateIndexRoot(interrupted), /interrupted/)
    // This server has not noticed yet: it writes tokens of the old root only.
    const late = await wholePatient(api, admin)
    await using rotation = await openRotation(api)
    assert.deepEqual(await rotateIndexRoot(rotation), { unfinished: [] })
    assert.match(rotation.said[0] ?? '', /Going on/)
    for (const { ssn, patient_id } of [patient, late]) {
      const { items } = await admin.call(patientSearchApi.search, { body: { ssn } })
      assert.deepEqual(
        items.map(({ id }) => id),
        [patient_id],
      )
    }
  })
})

describe('a token that two people share by chance', () => {
  it('finds the one who was asked for only', async () => {
    await using api = await startTestApi()
    const admin = await api.person('admin')
    const [one, other] = [await wholePatient(api, admin), await wholePatient(api, admin)]
    await api.rows(sql`insert into patient_tokens (patient_id, kind, key_version, token)
      select ${other.patient_id}, kind, key_version, token from patient_tokens where patient_id = ${one.patient_id} and kind = 'phone'`)
    const { items } = await admin.call(patientSearchApi.search, { body: { phone: one.phone_primary } })
    assert.deepEqual(
      items.map(({ id }) => id),
      [one.patient_id],
    )
  })
})

describe('a new key of the audit log', () => {
  it('signs what comes after, and the log is proved whole across both', async () => {
    await using api = await startTestApi()
    const admin = await api.person('admin')
    const sealing = await openAuditSealing(api.system)
    await wholePatient(api, admin)
    await sealAll(api, sealing)
    const [before] = sealing.keys
    await using rotation = await openRotation(api)
    await rotateAuditKey(rotation)
    await wholePatient(api, admin)
    await sealAll(api, sealing)
    assert.equal(sealing.keys.length, 2)
    assert.ok(before && sealing.keys.includes(before))
    assert.equal((await sealing.verify()).is_whole, true)
    assert.equal(
      (await api.rows(sql`select from signing_keys where purpose = 'audit_root' and retired_at is null`)).length,
      1,
    )
  })
})
