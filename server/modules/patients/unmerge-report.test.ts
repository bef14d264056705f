import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { emergencyContactApi } from './emergency-contact.contract.ts'
import { mergeApi, mergeConflicts, type Unmerge } from './merge.contract.ts'
import { identifier } from './merge.store.ts'
import { addContact, addPerson } from './merge.testing.ts'
import { movingTables } from './owned-tables.ts'
import { patientApi, patientMerged } from './patient.contract.ts'
import { readMigrations } from '#platform/database/migrate.ts'
import { certain } from '#platform/certain.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'

let api: TestApi
let admin: Person
let doctor: Person
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
  doctor = await api.person('doctor', { doctor: true })
})
after(async () => api[Symbol.asyncDispose]())

const person = (rows = {}) => addPerson(api, admin, doctor, rows)
const merge = async (patient_id: string, merged_patient_id: string) => {
  const body = { merged_patient_id, reason: 'Registered twice', force: true }
  return (await admin.call(mergeApi.merge, { params: { patient_id }, body })).merge_id ?? ''
}
const unmerge = (patient_id: string, merge_id: string, assign?: Unmerge['assign']) =>
  admin.call(mergeApi.unmerge, {
    params: { patient_id },
    body: { merge_id, reason: 'Two sisters', ...(assign && { assign }) },
  })
const contactsOf = async (patient_id: string) =>
  (await admin.call(emergencyContactApi.list_contacts, { params: { patient_id }, query: {} })).items
const rename = (patient_id: string, contact_id: string) => {
  const body = { name: 'Renamed', relationship: 'sister', phone: '+14155550123', is_primary: false }
  return admin.call(emergencyContactApi.replace_contact, { params: { patient_id, contact_id }, body })
}

/** Rows that no person is needed for. */
async function waitFor(patient_id: string): Promise<string> {
  const [row] = await api.rows(sql<{ id: string }>`
    insert into waitlist_entries (patient_id, doctor_id, from_date, to_date)
    values (${patient_id}, ${doctor.doctor_id ?? null}, current_date, current_date + 30) returning id`)
  return row?.id ?? ''
}
async function prefer(patient_id: string): Promise<string> {
  const [row] = await api.rows(
    sql<{
      id: string
    }>`insert into notification_preferences (patient_id, email) values (${patient_id}, false) returning id`,
  )
  return row?.id ?? ''
}
async function beginSeries(patient_id: string): Promise<string> {
  const [row] = await api.rows(sql<{ id: string }>`
    insert into appointment_series (patient_id, doctor_id, rrule, starts_at, timezone)
    values (${patient_id}, ${doctor.doctor_id ?? null}, 'FREQ=WEEKLY;COUNT=2', now(), 'UTC') returning id`)
  return row?.id ?? ''
}
async function reserve(patient_id: string): Promise<string> {
  const [row] = await api.rows(sql<{ id: string }>`
    with room as (insert into resources (type, name, code) values ('room', 'Room', ${patient_id}) returning id)
    insert into resource_reservations (resource_id, during, patient_id)
    select id, tstzrange(now(), now() + interval '1 hour'), ${patient_id} from room returning id`)
  return row?.id ?? ''
}

describe('undoing a merge', () => {
  it('says what was changed and deleted meanwhile, of either record', async () => {
    const [one, other] = [await person({ contacts: 3 }), await person({ contacts: 2 })]
    const [kept, renamed, removed] = (await contactsOf(one)).map(({ id }) => id)
    const [moved_renamed, moved_removed] = (await contactsOf(other)).map(({ id }) => id)
    const merge_id = await merge(one, other)
    for (const contact_id of [renamed, moved_renamed]) await rename(one, contact_id ?? '')
    for (const contact_id of [removed, moved_removed])
      await admin.call(emergencyContactApi.remove_contact, {
        params: { patient_id: one, contact_id: contact_id ?? '' },
      })
    await admin.call(patientApi.change, { params: { patient_id: one }, body: { occupation: 'Nurse' } })
    const { changed, gone, undecided } = await unmerge(one, merge_id)
    const named = (rows: typeof changed) => rows.map(({ table, id }) => `${table} ${id}`).toSorted()
    assert.deepEqual(
      named(changed),
      [`patients ${one}`, `emergency_contacts ${renamed}`, `emergency_contacts ${moved_renamed}`].toSorted(),
    )
    assert.deepEqual(named(gone), [`emergency_contacts ${removed}`, `emergency_contacts ${moved_removed}`].toSorted())
    assert.deepEqual(undecided, [])
    assert.ok((await contactsOf(one)).some(({ id }) => id === kept))
  })

  it('does not call gone what another merge has taken back meanwhile', async () => {
    const [one, other, third] = [await person(), await person({ contacts: 1 }), await person({ contacts: 1 })]
    const first = await merge(one, other)
    const second = await merge(one, third)
    await unmerge(one, first)
    const { changed, gone, undecided } = await unmerge(one, second)
    assert.deepEqual([changed, gone, undecided], [[], [], []])
  })

  it('puts every kind of row before a person that was written meanwhile and belongs to no other row', async () => {
    assert.deepEqual(
      movingTables.filter(({ decided, accompanies }) => !decided && !accompanies).map(({ table }) => table),
      ['patient_keys'],
    )
    const [one, other] = [await person(), await person()]
    const merge_id = await merge(one, other)
    const written: Record<string, string> = {
      waitlist_entries: await waitFor(one),
      notification_preferences: await prefer(one),
      appointment_series: await beginSeries(one),
      resource_reservations: await reserve(one),
    }
    const { undecided } = await unmerge(one, merge_id)
    assert.deepEqual(Object.fromEntries(undecided.map(({ table, id }) => [table, id])), written)
    const assign = Object.fromEntries(
      Object.entries(written).map(([table, id]) => [table, { [id]: 'merged' as const }]),
    )
    assert.deepEqual((await unmerge(one, merge_id, assign)).undecided, [])
    for (const [table, id] of Object.entries(written)) {
      const rows = await api.rows(sql`select patient_id from ${identifier(table)} where id = ${id}`)
      assert.deepEqual(rows, [{ patient_id: other }], table)
    }
  })

  it('gives nobody a second row of what they may have once', async () => {
    const [one, other] = [await person(), await person()]
    const merge_id = await merge(one, other)
    const entry = await waitFor(one)
    await unmerge(one, merge_id)
    await waitFor(other)
    await assert.rejects(
      unmerge(one, merge_id, { waitlist_entries: { [entry]: 'merged' } }),
      refusedWith(mergeConflicts),
    )
    assert.deepEqual((await unmerge(one, merge_id, { waitlist_entries: { [entry]: 'survivor' } })).undecided, [])
  })

  it('gives nothing to a record that has become part of another since', async () => {
    const [one, other, third] = [await person(), await person(), await person()]
    const merge_id = await merge(one, other)
    const contact = await addContact(admin, one, 'Late')
    await unmerge(one, merge_id)
    const later = await merge(third, other)
    const assign = { emergency_contacts: { [contact]: 'merged' as const } }
    await assert.rejects(unmerge(one, merge_id, assign), refusedWith(patientMerged))
    await unmerge(third, later)
    await unmerge(one, merge_id, assign)
    assert.deepEqual(
      (await contactsOf(other)).map(({ id }) => id),
      [contact],
    )
  })

  it('knows nothing of versions where the merge is older than their record', async () => {
    const [one, other] = [await person({ contacts: 1 }), await person({ contacts: 1 })]
    const [contact] = await contactsOf(one)
    const merge_id = await merge(one, other)
    await rename(one, contact?.id ?? '')
    // As journals were before.
    await api.rows(sql`
      update patient_merges
         set journal = jsonb_set(journal - 'survivor', '{tables}', (
               select jsonb_object_agg(name, jsonb_set(moves, '{had}', jsonb_path_query_array(moves, '$.had[*].id')))
                 from jsonb_each(journal -> 'tables') as t(name, moves)))`)
    const { text } = certain(
      readMigrations().find(({ name }) => name.endsWith('_merge_journals')),
      'migration',
    )
    await api.rows({ ...sql`select`, text })
    const { changed, gone, undecided } = await unmerge(one, merge_id)
    assert.deepEqual([changed, gone, undecided], [[], [], []])
  })
})
