import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import fc from 'fast-check'
import { after, before, describe, it } from 'node:test'
import { emergencyAccessApi } from './emergency-access.contract.ts'
import { emergencyContactApi } from './emergency-contact.contract.ts'
import { alreadyMerged, mergeApi, mergeConflicts, mergeUndone, sameRecord, type Unmerge } from './merge.contract.ts'
import { identifier } from './merge.store.ts'
import { addAppointment, addContact, addPerson, keyOf, openedText, picture } from './merge.testing.ts'
import { duplicateIdentifier, patientApi, patientErased, patientInactive, patientMerged } from './patient.contract.ts'
import { patientSearchApi } from './patient-search.contract.ts'
import { nextPerson } from './people.testing.ts'
import { forbidden, invalidRequest, notFound, Problem } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { open, seal } from '#platform/encryption/sealing.ts'
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

const person = (rows = {}, body = {}) => addPerson(api, admin, doctor, rows, body)
const merge = (patient_id: string, merged_patient_id: string, more = {}) =>
  admin.call(mergeApi.merge, {
    params: { patient_id },
    body: { merged_patient_id, reason: 'Registered twice', force: true, ...more },
  })
const unmerge = (patient_id: string, merge_id: string | null, more: Partial<Unmerge> = {}) =>
  admin.call(mergeApi.unmerge, {
    params: { patient_id },
    body: { merge_id: merge_id ?? '', reason: 'Two sisters', ...more },
  })
const ownerOf = async (
  table: 'emergency_contacts' | 'appointments' | 'appointment_history' | 'care_relationships',
  id: string,
) => {
  const queries = {
    emergency_contacts: sql<{ patient_id: string }>`select patient_id from emergency_contacts where id = ${id}`,
    appointments: sql<{ patient_id: string }>`select patient_id from appointments where id = ${id}`,
    appointment_history: sql<{
      patient_id: string
    }>`select distinct patient_id from appointment_history where appointment_id = ${id}`,
    care_relationships: sql<{ patient_id: string }>`select patient_id from care_relationships where origin_id = ${id}`,
  }
  return (await api.rows(queries[table])).map(({ patient_id }) => patient_id).join()
}
const tokenOwners = async () =>
  api.rows(sql<{ patient_id: string; kind: string }>`select patient_id, kind from patient_tokens order by 1, 2`)

describe('a merge', () => {
  it('shows first what it will move and moves nothing', async () => {
    const [one, other] = [await person(), await person({ contacts: 2, insurances: 1, appointments: 1 })]
    const before = await picture(api)
    const shown = await merge(one, other, { dry_run: true, force: false })
    assert.equal(shown.merge_id, null)
    assert.deepEqual(Object.fromEntries(shown.moves.map(({ table, rows }) => [table, rows])), {
      emergency_contacts: 2,
      insurances: 1,
      insurance_tokens: 1,
      care_relationships: 1,
      appointments: 1,
      appointment_history: 1,
    })
    assert.deepEqual(await picture(api), before)
  })

  it('moves every row and its key, and the merged record is closed', async () => {
    const [one, other] = [await person(), await person({ contacts: 1, appointments: 1, glass: 1 })]
    await merge(one, other)
    const contacts = await admin.call(emergencyContactApi.list_contacts, { params: { patient_id: one }, query: {} })
    assert.deepEqual(
      contacts.items.map(({ name }) => name),
      ['Contact 0'],
    )
    const left = await api.rows(sql`select from emergency_contacts where patient_id = ${other}
      union all select from appointments where patient_id = ${other} union all select from appointment_history where patient_id = ${other}
      union all select from patient_keys where patient_id = ${other} union all select from patient_tokens where patient_id = ${other}`)
    assert.equal(left.length, 0)
    await assert.rejects(
      admin.call(patientApi.change, { params: { patient_id: other }, body: { occupation: 'Miller' } }),
      refusedWith(patientMerged),
    )
  })

  it('says what stands against it, and who insists is heard only where a person can judge', async () => {
    const [one, other] = [await person({ contacts: 1, primary: true }), await person({ contacts: 1, primary: true })]
    await addAppointment(api, doctor, one, 9001)
    const second = await api.person('doctor', { doctor: true })
    const late = await addAppointment(api, second, other, 9001)
    const { conflicts } = await merge(one, other, { dry_run: true })
    assert.deepEqual(
      conflicts.map(({ code, stands }) => [code, stands]),
      [
        ['overlapping_appointments', 'always'],
        ['different_ssn', 'unless_forced'],
        ['different_birth_date', 'unless_forced'],
        ['two_primary_contacts', 'never'],
      ],
    )
    await api.person('patient', { patient_id: one })
    await api.person('patient', { patient_id: other })
    assert.deepEqual((await merge(one, other, { dry_run: true })).conflicts.at(-1)?.code, 'two_accounts')
    await assert.rejects(merge(one, other), refusedWith(mergeConflicts))
    await api.rows(sql`update appointments set status = 'cancelled' where id = ${late}`)
    await assert.rejects(merge(one, other, { force: false }), refusedWith(mergeConflicts))
    await merge(one, other)
    const primary = await api.rows(sql`select from emergency_contacts where patient_id = ${one} and is_primary`)
    assert.equal(primary.length, 1)
  })

  it('is refused of a record with itself, of a merged one, into a merged one, of nobody and by those who may not', async () => {
    const [one, other, third] = [await person(), await person(), await person()]
    await merge(one, other)
    await assert.rejects(merge(one, one), refusedWith(sameRecord))
    await assert.rejects(merge(third, other), refusedWith(alreadyMerged))
    await assert.rejects(merge(other, third), refusedWith(patientMerged))
    await assert.rejects(merge(other, one), refusedWith(patientMerged))
    const nobody = '0198c0de-0000-7000-8000-000000000001'
    await assert.rejects(merge(one, nobody), refusedWith(notFound))
    await assert.rejects(merge(nobody, one), refusedWith(notFound))
    await assert.rejects(unmerge(one, nobody), refusedWith(notFound))
    const gone = await person()
    await api.rows(sql`update patients set is_active = false where id = ${gone}`)
    await assert.rejects(merge(gone, one), refusedWith(patientInactive))
    await api.rows(sql`update patient_keys set wrapped = null where patient_id = ${gone}`)
    await api.rows(sql`update patients set erased_at = now() where id = ${gone}`)
    await assert.rejects(merge(one, gone), refusedWith(patientErased))
    await assert.rejects(merge(gone, one), refusedWith(patientErased))
    const staff = await api.person('staff')
    const body = { merged_patient_id: third, reason: 'x' }
    await assert.rejects(staff.call(mergeApi.merge, { params: { patient_id: one }, body }), refusedWith(forbidden))
  })

  it('lets the survivor be found by what the other was found by, whatever is changed afterwards', async () => {
    const [body, changed] = [nextPerson(), nextPerson()]
    const [one, other] = [await person(), await person({}, body)]
    await merge(one, other)
    const find = async (criteria: object) =>
      (await admin.call(patientSearchApi.search, { body: criteria })).items.map(({ id }) => id)
    for (const criteria of [{ phone: body.phone_primary }, { ssn: body.ssn }])
      assert.deepEqual(await find(criteria), [one])
    await admin.call(patientApi.change, {
      params: { patient_id: one },
      body: { phone_primary: changed.phone_primary, ssn: changed.ssn },
    })
    for (const criteria of [{ phone: body.phone_primary }, { ssn: body.ssn }, { phone: changed.phone_primary }]) {
      assert.deepEqual(await find(criteria), [one])
    }
    await assert.rejects(
      admin.call(patientApi.register, { body: { ...nextPerson(), ssn: body.ssn } }),
      refusedWith(duplicateIdentifier),
    )
  })

  it('shows in the log of the survivor who saw the other before', async () => {
    const [one, other] = [await person(), await person()]
    await admin.call(patientApi.read, { params: { patient_id: other } })
    await merge(one, other)
    const { items } = await admin.call(emergencyAccessApi.access_log, { params: { patient_id: one }, query: {} })
    assert.ok(items.some(({ action, resource_id }) => action === 'patient.read' && resource_id === other))
  })

  it('leaves an entry in the log of both, and its reason nowhere in the clear', async () => {
    const [one, other] = [await person(), await person()]
    await merge(one, other, { reason: 'Maria is Maryam' })
    const entries = await api.rows(
      sql<{
        patient_id: string
        text: string
      }>`select patient_id, a::text as text from audit_logs a where action = 'patient.merge' and patient_id in (${one}, ${other})`,
    )
    assert.deepEqual(new Set(entries.map(({ patient_id }) => patient_id)), new Set([one, other]))
    assert.ok(!entries.some(({ text }) => text.includes('Maryam')))
  })

  it('of crossing pairs at once succeeds once and never deadlocks', async () => {
    for (let round = 0; round < 5; round += 1) {
      const [one, other, third] = [await person(), await person(), await person()]
      const outcomes = await Promise.allSettled([
        merge(one, other),
        merge(other, one),
        merge(one, other),
        merge(other, third),
      ])
      const codes = outcomes.map((outcome) =>
        outcome.status === 'fulfilled'
          ? 'merged'
          : outcome.reason instanceof Problem
            ? outcome.reason.kind.code
            : 'fault',
      )
      assert.equal(codes.slice(0, 3).filter((code) => code === 'merged').length, 1, codes.join())
      assert.ok(
        codes.every((code) => ['merged', 'already_merged', 'patient_merged'].includes(code)),
        codes.join(),
      )
    }
  })
})

describe('a merge that is undone', () => {
  const Count = fc.integer({ min: 0, max: 2 })
  const Rows = fc.record({
    contacts: Count,
    primary: fc.boolean(),
    insurances: Count,
    appointments: Count,
    glass: Count,
  })
  const Write = fc.constantFrom('contact', 'appointment')

  it('leaves every table as it was but for what was written in between, which is put before a person', async () => {
    await fc.assert(
      fc.asyncProperty(Rows, Rows, fc.array(Write, { maxLength: 3 }), async (ofOne, ofOther, writes) => {
        const shared = { phone_primary: '+14155559999' }
        const [one, other] = [await person(ofOne, shared), await person(ofOther, shared)]
        const earlier = await picture(api)
        const { merge_id } = await merge(one, other)
        const written: string[] = []
        for (const write of writes) {
          written.push(
            write === 'appointment'
              ? await addAppointment(api, doctor, one)
              : await addContact(admin, one, 'Late', false),
          )
        }
        const { undecided, gone } = await unmerge(one, merge_id)
        const later = await picture(api)
        assert.deepEqual(undecided.map(({ id }) => id).toSorted(), written.toSorted())
        assert.deepEqual(gone, [])
        for (const [table, rows] of earlier) {
          const isNew = (row: string) => written.some((id) => row.includes(id))
          assert.deepEqual(
            later.get(table)?.filter((row) => !isNew(row)),
            rows,
            table,
          )
        }
      }),
      { numRuns: 25 },
    )
  })

  it('gives back what is found by, and to each only their own', async () => {
    const [one, other] = [await person(), await person({}, { email: 'other@example.org' })]
    const earlier = await tokenOwners()
    const { merge_id } = await merge(one, other)
    await unmerge(one, merge_id)
    assert.deepEqual(await tokenOwners(), earlier)
  })

  it('lets a person say to whom belongs what was written in between, also afterwards', async () => {
    const [one, other] = [await person(), await person({ contacts: 1 })]
    const { merge_id } = await merge(one, other)
    const contact = await addContact(admin, one, 'Late')
    const appointment = await addAppointment(api, doctor, one)
    const kept = await addContact(admin, one, 'Later')
    const first = await unmerge(one, merge_id, {
      assign: { emergency_contacts: { [contact]: 'merged', [kept]: 'survivor' } },
    })
    assert.deepEqual(first.undecided, [{ table: 'appointments', id: appointment }])
    assert.deepEqual(
      [await ownerOf('emergency_contacts', contact), await ownerOf('emergency_contacts', kept)],
      [other, one],
    )
    assert.match(await openedText(api, 'emergency_contacts', 'sealed_contact', contact), /Late/)
    const contacts = await admin.call(emergencyContactApi.list_contacts, { params: { patient_id: other }, query: {} })
    assert.deepEqual(contacts.items.map(({ name }) => name).toSorted(), ['Contact 0', 'Late'])

    await assert.rejects(unmerge(one, merge_id), refusedWith(mergeUndone))
    await assert.rejects(
      unmerge(one, merge_id, { assign: { emergency_contacts: { [kept]: 'merged' } } }),
      refusedWith(invalidRequest, `/body/assign/emergency_contacts/${kept}`),
    )
    const second = await unmerge(one, merge_id, { assign: { appointments: { [appointment]: 'merged' } } })
    assert.deepEqual(second.undecided, [])
    assert.deepEqual(
      [
        await ownerOf('appointments', appointment),
        await ownerOf('appointment_history', appointment),
        await ownerOf('care_relationships', appointment),
      ],
      [other, other, other],
    )
    assert.equal(await openedText(api, 'appointments', 'sealed_notes', appointment), 'reason of the visit')
    await assert.rejects(
      unmerge(one, merge_id, { assign: { appointments: { [appointment]: 'survivor' } } }),
      refusedWith(mergeUndone),
    )
  })

  it('takes back a row that was changed in between as it is now, under a key of its own record', async () => {
    const [one, other] = [await person(), await person()]
    const contact = await addContact(admin, other, 'Before')
    const { merge_id } = await merge(one, other)
    await admin.call(emergencyContactApi.replace_contact, {
      params: { patient_id: one, contact_id: contact },
      body: { name: 'Afterwards', relationship: 'aunt', phone: '+14155550124' },
    })
    const { changed } = await unmerge(one, merge_id)
    assert.deepEqual(changed, [{ table: 'emergency_contacts', id: contact }])
    assert.match(await openedText(api, 'emergency_contacts', 'sealed_contact', contact), /Afterwards/)
  })

  it('gives a draft that was written in between the key of whose it is, and seals nothing that is not there', async () => {
    const [one, other] = [await person(), await person()]
    const { merge_id } = await merge(one, other)
    const id = randomUUIDv7()
    const place = { table: 'prescriptions', column: 'sealed_content', row_id: id }
    const first = await keyOf(api, one)
    await api.rows(sql`
      insert into prescriptions (id, prescription_number, patient_id, doctor_id, key_id, sealed_content)
      values (${id}, ${id}, ${one}, ${doctor.doctor_id ?? null}, ${first.id}, ${seal(first, place, '"one a day"')})`)
    await unmerge(one, merge_id, { assign: { prescriptions: { [id]: 'merged' } } })
    const [draft] = await api.rows(
      sql<{ sealed_content: Buffer; rest: object }>`
        select sealed_content, jsonb_build_array(patient_id, sealed_check, sealed_cancel_reason) as rest from prescriptions where id = ${id}`,
    )
    assert.ok(draft)
    assert.deepEqual(draft.rest, [other, null, null])
    assert.equal(open(await keyOf(api, other), place, draft.sealed_content), '"one a day"')
  })

  it('leaves a doctor who was booked in between in reach of whoever has the appointment', async () => {
    const [one, other] = [await person(), await person({ appointments: 1 })]
    const { merge_id } = await merge(one, other)
    const [kept, given] = [await addAppointment(api, doctor, one), await addAppointment(api, doctor, one)]
    await unmerge(one, merge_id, { assign: { appointments: { [kept]: 'survivor', [given]: 'merged' } } })
    const reached = await api.rows(
      sql<{
        patient_id: string
      }>`select distinct patient_id from care_relationships where doctor_id = ${doctor.doctor_id} and patient_id in (${one}, ${other})`,
    )
    assert.deepEqual(reached.map(({ patient_id }) => patient_id).toSorted(), [one, other].toSorted())
  })

  it('can be looked at first', async () => {
    const [one, other] = [await person(), await person({ contacts: 1 })]
    const { merge_id } = await merge(one, other)
    const merged = await picture(api)
    const shown = await unmerge(one, merge_id, { dry_run: true })
    assert.deepEqual(shown.returned, [{ table: 'emergency_contacts', rows: 1 }])
    assert.deepEqual(await picture(api), merged)
  })

  it('is undone from the last one back, where records were merged in a row', async () => {
    const people = [await person({ contacts: 1 }), await person({ contacts: 1 }), await person({ contacts: 1 })]
    const [one = '', other = '', third = ''] = people
    const earlier = await picture(api)
    const inner = await merge(other, third)
    const outer = await merge(one, other)
    await assert.rejects(unmerge(other, inner.merge_id), refusedWith(patientMerged))
    await unmerge(one, outer.merge_id)
    await unmerge(other, inner.merge_id)
    assert.deepEqual(await picture(api), earlier)
  })

  it('is refused where what is assigned stands at the time of another appointment', async () => {
    const [one, other] = [await person(), await person()]
    const { merge_id } = await merge(one, other)
    const late = await addAppointment(api, doctor, one, 9101)
    await unmerge(one, merge_id)
    const second = await api.person('doctor', { doctor: true })
    await addAppointment(api, second, other, 9101)
    await assert.rejects(
      unmerge(one, merge_id, { assign: { appointments: { [late]: 'merged' } } }),
      refusedWith(mergeConflicts),
    )
    assert.equal(await ownerOf('appointments', late), one)
  })

  it('is refused where an assigned visit meets another that is open in the same department', async () => {
    const [one, other] = [await person(), await person()]
    const department_id = await api.department()
    const openVisit = async (patient_id: string) => {
      const [visit] = await api.rows(sql<{ id: string }>`
        insert into visits (visit_number, patient_id, department_id, type)
        values (gen_random_uuid(), ${patient_id}, ${department_id}, 'emergency') returning id`)
      return visit?.id ?? ''
    }
    const { merge_id } = await merge(one, other)
    const late = await openVisit(one)
    const { undecided } = await unmerge(one, merge_id)
    assert.deepEqual(
      undecided.map(({ id }) => id),
      [late],
    )
    await openVisit(other)
    const assign = { visits: { [late]: 'merged' } } as const
    await assert.rejects(unmerge(one, merge_id, { assign }), refusedWith(mergeConflicts))
    await api.rows(
      sql`update visits set status = 'completed', closed_at = now() where patient_id = ${other} and status = 'registered'`,
    )
    await unmerge(one, merge_id, { assign })
    const [visit] = await api.rows(sql`select patient_id from visits where id = ${late}`)
    assert.deepEqual(visit, { patient_id: other })
  })

  it('is undone also where it is older than a table of the records', async () => {
    const [one, other] = [await person(), await person({ contacts: 1 })]
    const { merge_id } = await merge(one, other)
    await api.rows(
      sql`update patient_merges set journal = jsonb_set(journal, '{tables}', (journal -> 'tables') - 'documents') where id = ${merge_id}`,
    )
    const { returned, gone } = await unmerge(one, merge_id)
    assert.deepEqual([returned.find(({ table }) => table === 'emergency_contacts')?.rows, gone], [1, []])
  })

  it('is refused where the other was erased since', async () => {
    const [one, other] = [await person(), await person()]
    const { merge_id } = await merge(one, other)
    await api.rows(sql`update patient_keys set wrapped = null where patient_id = ${other}`)
    await api.rows(sql`update patients set erased_at = now() where id = ${other}`)
    await assert.rejects(unmerge(one, merge_id), refusedWith(patientErased))
  })

  it('is refused while the survivor has taken over an identifier of the other', async () => {
    const [one, other] = [await person({}, { ssn: null }), await person()]
    const { merge_id } = await merge(one, other)
    const [ssn] = await api.rows(
      sql<{ token: Buffer }>`select token from patient_tokens where patient_id = ${one} and kind = 'ssn'`,
    )
    assert.ok(ssn, 'the survivor is found by the SSN of the merged record')
    const same = (await admin.call(patientApi.read, { params: { patient_id: other } })).ssn
    await admin.call(patientApi.change, { params: { patient_id: one }, body: { ssn: same } })
    await assert.rejects(unmerge(one, merge_id), refusedWith(duplicateIdentifier))
    await admin.call(patientApi.change, { params: { patient_id: one }, body: { ssn: null } })
    await unmerge(one, merge_id)
  })

  it('happens once, however many ask at once', async () => {
    const [one, other] = [await person(), await person()]
    const { merge_id } = await merge(one, other)
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => unmerge(one, merge_id)))
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  })
})

describe('likely duplicates', () => {
  it('are pairs of records with the same name and birth date or phone, the likeliest first', async () => {
    const body = nextPerson()
    const { ssn: _, ...same } = body
    const [one, other] = [await person({}, { ...body }), await person({}, { ...same, ssn: null })]
    const find = async () =>
      (await admin.call(mergeApi.duplicates, { query: { limit: '100' } })).items.filter(({ patients }) =>
        patients.some(({ id }) => id === one),
      )
    const [pair, ...more] = await find()
    assert.deepEqual(pair?.patients.map(({ id }) => id).toSorted(), [one, other].toSorted())
    assert.equal(more.length, 0)
    await api.rows(
      sql`insert into roles (name, permissions, mfa) values ('merger', array['patients:find', 'patients:merge'], 'default')`,
    )
    const merger = await api.person('merger')
    const seen = await merger.call(mergeApi.duplicates, { query: { limit: '100' } })
    const own = seen.items.find(({ patients }) => patients.some(({ id }) => id === one))
    assert.deepEqual(
      own?.patients.map(({ may_open }) => may_open),
      [false, false],
    )
    // A card that was altered is like nobody's.
    const flip = sql`update patients set sealed_card = set_bit(sealed_card, 200, 1 - get_bit(sealed_card, 200)) where id = ${other}`
    await api.rows(flip)
    assert.deepEqual(await find(), [])
    await api.rows(flip)
    const { merge_id } = await merge(one, other)
    assert.deepEqual(await find(), [])
    const { items } = await admin.call(mergeApi.merges, { params: { patient_id: other } })
    assert.deepEqual(
      items.map((item) => item.merge_id),
      [merge_id],
    )
  })
})

describe('the name of a table in a statement', () => {
  it('is one that is declared, and nothing that could be more than a name', () => {
    assert.equal(identifier('patient_keys').text, 'patient_keys')
    for (const name of ['patients; drop table users', 'Patients', 'a.b', '"x"', '']) {
      assert.throws(() => identifier(name), RangeError)
    }
  })
})

describe('the merges of a record', () => {
  it('are none where it took part in none, and not found where there is no such record', async () => {
    assert.deepEqual(await admin.call(mergeApi.merges, { params: { patient_id: await person() } }), { items: [] })
    await assert.rejects(
      admin.call(mergeApi.merges, { params: { patient_id: '0198c0de-0000-7000-8000-000000000000' } }),
      refusedWith(notFound),
    )
  })
})
