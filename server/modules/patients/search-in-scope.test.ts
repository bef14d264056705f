// Whoever sees a part of the house finds their own people by name, however many others are called the same.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { patientSearchApi } from './patient-search.contract.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'

const maria = { first_name: 'Maria', last_name: 'Garcia' }

let api: TestApi
let doctor: Person
const own: Record<string, { nurse: Person; patient_id: string }> = {}
before(async () => {
  api = await startTestApi()
  // More than are compared for a scope that is wider than the index is asked about.
  for (let at = 0; at < 600; at += 100) await Promise.all(Array.from({ length: 100 }, () => api.patient(maria)))
  doctor = await api.person('doctor', { doctor: true })
  for (const name of ['small', 'large']) {
    const department_id = await api.department()
    const patient_id = await api.patient({ ...maria, date_of_birth: '1955-05-05' })
    const relate = sql`insert into care_relationships (patient_id, department_id, origin, origin_id) values (${patient_id}, ${department_id}, 'registration', ${patient_id})`
    await api.rows(relate)
    own[name] = { nurse: await api.person('nurse', { department_id }), patient_id }
  }
  const away = await api.patient(maria)
  await api.rows(
    sql`insert into care_relationships (patient_id, doctor_id, origin, origin_id) values (${away}, ${doctor.doctor_id}, 'registration', ${away})`,
  )
  // A department of 20,000 whose cards nobody can read.
  await api.rows(sql`
    with key as (select uuidv7() as id, uuidv7() as key_id from generate_series(1, 20000)),
    keys as (insert into patient_keys (id, patient_id, kek_id, wrapped) select key_id, id, 'none', '\\x00' from key),
    people as (
      insert into patients (id, patient_number, key_id, sealed_card, sealed_contact, gender, is_complete, registered_date)
      select id, id::text, key_id, '\\x00', '\\x00', 'UNKNOWN', false, current_date from key)
    insert into care_relationships (patient_id, department_id, origin, origin_id)
    select id, ${own['large']?.nurse.department_id}::uuid, 'registration', id from key`)
  await api.app.start()
  const isReady = async () =>
    (await api.send({ method: 'GET', url: '/health/ready', headers: {} })).text.includes('"name_index":{"status":"ok"')
  while (!(await isReady())) await new Promise(setImmediate)
})
after(async () => api[Symbol.asyncDispose]())

const search = (who: Person, text: string) => who.call(patientSearchApi.list, { query: { search: text } })

describe('a search by name among the records that one may open', () => {
  for (const size of ['small', 'large']) {
    for (const text of ['maria garcia', 'garcia', 'mria garca', 'garcia 1955-05-05', '1955-05-05']) {
      it(`finds the one of a ${size} department by ${text}, among hundreds in the house`, async () => {
        const { nurse, patient_id } = own[size] ?? {}
        assert.ok(nurse)
        const { items, total, index_complete } = await search(nurse, text)
        assert.deepEqual([items.map(({ id }) => id), total, index_complete], [[patient_id], 1, true])
      })
    }
  }

  it('finds those whom a doctor treats, and nobody by another name', async () => {
    assert.equal((await search(doctor, 'maria')).total, 1)
    assert.equal((await search(doctor, 'thorvald')).total, 0)
    assert.equal((await search(await api.person('doctor', { doctor: true }), 'maria')).total, 0)
  })

  it('finds the hundred best of everyone for who sees everyone', async () => {
    assert.equal((await search(await api.person('staff'), 'maria garcia')).total, 100)
  })
})
