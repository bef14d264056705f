import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, invalidRequest, notFound, stale } from '#platform/contract/problem.ts'
import { Problem } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import {
  contactDetailsOnly,
  duplicateIdentifier,
  likelyDuplicates,
  Patient,
  patientApi,
  patientErased,
  patientExpected,
  patientInactive,
  patientMerged,
} from './patient.contract.ts'
import { emergencyAccessApi } from './emergency-access.contract.ts'
import { nextPerson } from './people.testing.ts'

let api: TestApi
let staff: Person
let nurse: Person
let stranger: Person
let admin: Person
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
  admin = await api.person('admin')
  nurse = await api.person('nurse', { department_id: await api.department() })
  stranger = await api.person('nurse', { department_id: await api.department() })
})
after(async () => api[Symbol.asyncDispose]())

const register = (who: Person, body = nextPerson()) => who.call(patientApi.register, { body })
const read = (who: Person, patient_id: string) => who.call(patientApi.read, { params: { patient_id } })
const change = (who: Person, patient_id: string, body: object, headers = {}) =>
  who.call(patientApi.change, { params: { patient_id }, body }, headers)
const code = async (call: Promise<unknown>) =>
  call.then(
    () => 'none',
    (error: unknown) => (error instanceof Problem ? error : Promise.reject(error as Error)),
  )

describe('registering a patient', () => {
  it('gives a number of the local day, the address of the record and what was typed', async () => {
    const body = { ...nextPerson(), first_name: '  Ana ', phone_primary: '(415) 555-2671', ssn: '123456789' }
    const answer = await staff.send({
      method: 'POST',
      url: patientApi.register.path,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    assert.equal(answer.status, 201)
    const patient = Patient.parse(JSON.parse(answer.text))
    assert.equal(answer.headers.location, `/api/v1/patients/${patient.id}`)
    assert.equal(answer.headers.etag, '"v1"')
    const today = Temporal.Now.plainDateISO('America/New_York').toString()
    assert.match(patient.patient_number, new RegExp(`^PT-${today.replaceAll('-', '')}-\\d{4,}$`))
    assert.deepEqual([patient.first_name, patient.phone_primary, patient.ssn], ['Ana', '+14155552671', '123-45-6789'])
    assert.deepEqual([patient.is_complete, patient.is_active, patient.created_by], [true, true, staff.user_id])
  })

  it('tells every wrong member at once', async () => {
    const body = {
      first_name: '\u0000',
      date_of_birth: '2999-01-01',
      gender: 'FEMALE' as const,
      phone_primary: '12',
      ssn: '000-12-3456',
    }
    await assert.rejects(
      register(staff, body as never),
      refusedWith(
        invalidRequest,
        '/body/first_name',
        '/body/last_name',
        '/body/date_of_birth',
        '/body/phone_primary',
        '/body/ssn',
      ),
    )
  })

  it('refuses members that the contract does not name', async () => {
    for (const name of ['id', 'patient_number', 'is_active', 'created_by', 'version', 'key_id', 'merged_into']) {
      await assert.rejects(
        register(staff, { ...nextPerson(), [name]: 'x' } as never),
        refusedWith(invalidRequest, `/body/${name}`),
      )
    }
  })

  it('takes somebody whom nobody knows, who is named later and keeps the number', async () => {
    const unknown = await staff.call(patientApi.register, { body: { unidentified: true } })
    assert.deepEqual([unknown.is_complete, unknown.first_name, unknown.gender], [false, null, 'UNKNOWN'])
    const { first_name, last_name, date_of_birth, phone_primary } = nextPerson()
    const named = await change(staff, unknown.id, {
      first_name,
      last_name,
      date_of_birth,
      phone_primary,
      gender: 'MALE',
    })
    assert.deepEqual(
      [named.patient_number, named.is_complete, named.last_name],
      [unknown.patient_number, true, last_name],
    )
  })

  it('is for those who may', async () => {
    const auditor = await api.person('auditor')
    await assert.rejects(register(auditor), refusedWith(forbidden))
    const known = await register(staff)
    await assert.rejects(register(await api.person('patient', { patient_id: known.id })), refusedWith(forbidden))
  })

  it('puts the patient in the care of the department that registers', async () => {
    const patient = await register(nurse)
    assert.equal((await read(nurse, patient.id)).id, patient.id)
  })

  it('makes one record of twenty registrations with one SSN', async () => {
    const same = nextPerson().ssn
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => code(register(staff, { ...nextPerson(), ssn: same }))),
    )
    assert.equal(outcomes.filter((outcome) => outcome === 'none').length, 1)
    for (const outcome of outcomes)
      if (outcome !== 'none') assert.ok(refusedWith(duplicateIdentifier, '/body/ssn')(outcome))
  })

  it('names the one who has the identifier already', async () => {
    const known = await register(staff)
    const { ssn } = known
    const refused = await code(
      register(staff, { ...nextPerson(), ssn: (ssn ?? '').replaceAll('-', ''), force: true } as never),
    )
    assert.ok(refused instanceof Problem && refusedWith(duplicateIdentifier, '/body/ssn')(refused))
    assert.deepEqual(
      [refused.members.existing_patient_id, refused.members.existing_patient_number],
      [known.id, known.patient_number],
    )
  })

  it('shows who is likely registered already, unless told to go on', async () => {
    const { ssn: _, ...person } = nextPerson()
    const known = await register(nurse, person as never)
    const again = {
      ...person,
      first_name: person.last_name,
      last_name: person.first_name,
      phone_primary: '(212) 555-0199',
    }
    const refused = await code(register(stranger, again as never))
    assert.ok(refused instanceof Problem && refusedWith(likelyDuplicates)(refused))
    const [likely] = refused.members.likely_duplicates as { id: string; may_open: boolean; reasons: string[] }[]
    assert.deepEqual([likely?.id, likely?.may_open], [known.id, false])
    assert.ok(likely?.reasons.includes('same_birth_date'))
    assert.notEqual((await register(stranger, { ...again, force: true } as never)).id, known.id)
  })

  it('names nobody to whom may register and not find', async () => {
    await api.rows(
      sql`insert into roles (name, permissions, mfa) values ('registrar', array['patients:create'], 'default')`,
    )
    const registrar = await api.person('registrar')
    const { ssn, ...person } = nextPerson()
    await register(staff, { ...person, ssn })
    const refusals = [
      { refused: await code(register(registrar, { ...nextPerson(), ssn })), kind: duplicateIdentifier },
      {
        refused: await code(register(registrar, { ...nextPerson(), ssn, force: true } as never)),
        kind: duplicateIdentifier,
      },
      { refused: await code(register(registrar, { ...nextPerson(), ...person })), kind: likelyDuplicates },
    ]
    for (const { refused, kind } of refusals) {
      assert.ok(refused instanceof Problem && refusedWith(kind)(refused), String(refused))
      const {
        type: _,
        status: _status,
        instance: _instance,
        correlation_id: _id,
        errors: _errors,
        ...named
      } = refused.members
      assert.deepEqual(named, {})
    }
  })

  it('is done once for one Idempotency-Key', async () => {
    const body = nextPerson()
    const headers = { 'idempotency-key': 'a-key-of-a-registration' }
    const first = await staff.call(patientApi.register, { body }, headers)
    assert.deepEqual(await staff.call(patientApi.register, { body }, headers), first)
  })

  it('leaves one audit entry and one event', async () => {
    const { id } = await register(staff)
    const entries = await api.rows(
      sql<{ action: string; user_id: string }>`select action, user_id from audit_logs where patient_id = ${id}`,
    )
    assert.deepEqual(entries, [{ action: 'patient.register', user_id: staff.user_id }])
    assert.deepEqual(await api.rows(sql`select type from events where patient_id = ${id}`), [
      { type: 'patient.registered' },
    ])
  })
})

describe('reading a patient', () => {
  const keys = Object.keys(Patient.shape).toSorted()

  it('shows each role the members of the contract, identifiers masked but to administrators and the patients themselves', async () => {
    const patient = await register(nurse)
    const own = await api.person('patient', { patient_id: patient.id })
    const masked = patient.ssn?.replace(/^...-../, '***-**')
    for (const [who, ssn] of [
      [staff, masked],
      [nurse, masked],
      [admin, patient.ssn],
      [own, patient.ssn],
    ] as const) {
      const seen = await read(who, patient.id)
      assert.deepEqual([Object.keys(seen).toSorted(), seen.ssn], [keys, ssn])
    }
  })

  it('is not for another department, nor for another patient, and the refusal is recorded', async () => {
    const patient = await register(nurse)
    const other = await register(staff)
    for (const who of [
      stranger,
      await api.person('patient', { patient_id: other.id }),
      await api.person('doctor', { doctor: true }),
    ]) {
      await assert.rejects(read(who, patient.id), refusedWith(notFound))
      const denied = sql<{
        outcome: string
      }>`select outcome from audit_logs where patient_id = ${patient.id} and user_id = ${who.user_id}`
      assert.deepEqual(await api.rows(denied), [{ outcome: 'denied' }])
    }
  })

  it('gives each of many requests of one moment the record that it asked for, and none that is out of reach', async () => {
    const own = await Promise.all(Array.from({ length: 5 }, () => register(nurse)))
    const other = await register(staff)
    const asked = [own[3], own[0], other, own[4], own[0], own[2], own[1]].map((patient) => patient?.id ?? '')
    const answers = await Promise.all(
      asked.map((id) =>
        read(nurse, id).then(
          ({ id: found }) => found,
          (error: Problem) => error.kind.code,
        ),
      ),
    )
    assert.deepEqual(answers, asked.with(2, notFound.code))
  })

  it('is in the audit log before the answer leaves', async () => {
    const patient = await register(nurse)
    await read(nurse, patient.id)
    const entries = sql`select action, outcome from audit_logs where patient_id = ${patient.id} order by id`
    assert.deepEqual(await api.rows(entries), [
      { action: 'patient.register', outcome: 'success' },
      { action: 'patient.read', outcome: 'success' },
    ])
  })
})

describe('changing a patient', () => {
  it('changes what is named and keeps the rest', async () => {
    const patient = await register(staff)
    const changed = await change(staff, patient.id, { occupation: 'Baker', phone_secondary: '(415) 555-0000' })
    assert.deepEqual(
      [changed.occupation, changed.phone_secondary, changed.last_name, changed.version],
      ['Baker', '+14155550000', patient.last_name, 2],
    )
    assert.equal((await read(admin, patient.id)).ssn, patient.ssn)
  })

  it('merges an address into the one that is kept, which null removes, and refuses what is left when it is none', async () => {
    const address = {
      line1: '1 Main Street',
      line2: 'Floor 2',
      city: 'Springfield',
      state: 'IL',
      postal_code: '62701',
      country: 'US',
    }
    const { id } = await register(staff, { ...nextPerson(), address } as never)
    const merged = async (body: object) => (await change(staff, id, { address: body })).address
    assert.deepEqual(await merged({ city: 'Shelbyville', postal_code: null }), {
      ...address,
      city: 'Shelbyville',
      postal_code: null,
    })
    assert.deepEqual(await merged(address), address)
    assert.equal((await change(staff, id, { address: {} })).version, 3, 'nothing changed')
    const refusal = await code(change(staff, id, { address: { city: null, line2: null, country: null } }))
    assert.deepEqual(refusal instanceof Problem && refusal.members.errors?.map((error) => [error.path, error.code]), [
      ['/body/address/city', 'required'],
      ['/body/address/country', 'required'],
    ])
    assert.deepEqual((await read(staff, id)).address, address)

    const body = { ...nextPerson(), address: { line1: '2 Main Street', city: 'Springfield', country: 'US' } }
    const replaced = await staff.call(patientApi.replace, { params: { patient_id: id }, body })
    assert.deepEqual(replaced.address, { ...body.address, line2: null, state: null, postal_code: null })

    assert.equal((await change(staff, id, { address: null })).address, null)
    await assert.rejects(change(staff, id, { address: { city: 'Springfield' } }), refusedWith(invalidRequest))
    const made = await merged({ line1: '3 Main Street', city: 'Springfield', country: 'US' })
    assert.deepEqual(made, { ...body.address, line1: '3 Main Street', line2: null, state: null, postal_code: null })
  })

  it('replaces the whole; hidden identifiers stay when they are left out or come back masked', async () => {
    const patient = await register(staff, { ...nextPerson(), occupation: 'Baker' } as never)
    const params = { patient_id: patient.id }
    const { ssn, ...body } = nextPerson()
    await staff.call(patientApi.replace, { params, body })
    assert.deepEqual(
      [(await read(admin, patient.id)).ssn, (await read(admin, patient.id)).occupation],
      [patient.ssn, null],
    )
    await staff.call(patientApi.replace, { params, body: { ...body, ssn: `***-**-${patient.ssn?.slice(-4)}` } })
    assert.equal((await read(admin, patient.id)).ssn, patient.ssn)
    await staff.call(patientApi.replace, { params, body: { ...body, ssn } })
    assert.equal((await read(admin, patient.id)).ssn, ssn)
  })

  it('is refused when the record has changed since, and loses no update', async () => {
    const patient = await register(staff)
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        code(change(staff, patient.id, { occupation: `Trade ${at}` }, { 'if-match': '"v1"' })),
      ),
    )
    assert.equal(outcomes.filter((outcome) => outcome === 'none').length, 1)
    for (const outcome of outcomes) if (outcome !== 'none') assert.ok(refusedWith(stale)(outcome))
  })

  it('completes the record of somebody unknown once a gender was said, be it before', async () => {
    const { first_name, last_name, date_of_birth, phone_primary } = nextPerson()
    const named = { first_name, last_name, date_of_birth, phone_primary }
    for (const [told, is_complete] of [
      [{}, false],
      [{ gender: 'FEMALE' }, true],
    ] as const) {
      const { id } = await staff.call(patientApi.register, { body: { unidentified: true, ...told } })
      assert.equal((await change(staff, id, named)).is_complete, is_complete)
    }
  })

  it('is replaced with a gender only, which may be unknown', async () => {
    const patient = await register(staff)
    const { gender: _, ...body } = nextPerson()
    const params = { patient_id: patient.id }
    await assert.rejects(
      staff.call(patientApi.replace, { params, body: body as never }),
      refusedWith(invalidRequest, '/body/gender'),
    )
    const replaced = await staff.call(patientApi.replace, { params, body: { ...body, gender: 'UNKNOWN' } })
    assert.deepEqual([replaced.gender, replaced.is_complete], ['UNKNOWN', true])
  })

  it('does not forget what registration requires', async () => {
    const patient = await register(staff)
    await assert.rejects(change(staff, patient.id, { last_name: null }), refusedWith(invalidRequest, '/body/last_name'))
  })

  it('does not take the identifier of another', async () => {
    const [one, other] = [await register(staff), await register(staff)]
    await assert.rejects(change(staff, one.id, { ssn: other.ssn }), refusedWith(duplicateIdentifier, '/body/ssn'))
    assert.equal((await read(admin, one.id)).ssn, one.ssn)
  })

  it('lets patients change how they are reached and nothing else', async () => {
    const patient = await register(staff)
    const own = await api.person('patient', { patient_id: patient.id })
    assert.equal((await change(own, patient.id, { email: 'new@example.org' })).email, 'new@example.org')
    await assert.rejects(
      change(own, patient.id, { last_name: 'Other', blood_type: 'A+' }),
      refusedWith(contactDetailsOnly, '/body/last_name', '/body/blood_type'),
    )
    const other = await register(staff)
    await assert.rejects(change(own, other.id, { email: 'new@example.org' }), refusedWith(notFound))
  })

  it('seals before and after in the audit log, and names only fields in the open', async () => {
    const patient = await register(staff)
    await change(staff, patient.id, { occupation: 'Baker' })
    const [entry] = await api.rows(
      sql<{
        details: object
        sealed_changes: Buffer
      }>`select details, sealed_changes from audit_logs where patient_id = ${patient.id} and action = 'patient.update'`,
    )
    assert.deepEqual(entry?.details, { fields: ['occupation'] })
    assert.ok(entry && !entry.sealed_changes.includes('Baker'))
  })
})

describe('deleting a patient', () => {
  it('keeps the record, which an administrator restores', async () => {
    const patient = await register(staff)
    const params = { patient_id: patient.id }
    await assert.rejects(staff.call(patientApi.delete, { params, query: {} }), refusedWith(forbidden))
    await admin.call(patientApi.delete, { params, query: {} })
    assert.equal((await read(staff, patient.id)).is_active, false)
    await assert.rejects(change(staff, patient.id, { occupation: 'Baker' }), refusedWith(patientInactive))
    assert.equal((await admin.call(patientApi.restore, { params })).is_active, true)
  })

  it('through emergency access is marked so in the log', async () => {
    const department_id = await api.department()
    await api.rows(sql`
      insert into roles (name, permissions, mfa)
      values ('head_nurse', array['patients:find', 'patients:read:department', 'patients:delete:department', 'emergency-access:use'], 'default')`)
    const head = await api.person('head_nurse', { department_id })
    const params = { patient_id: (await register(staff)).id }
    await assert.rejects(head.call(patientApi.delete, { params, query: {} }), refusedWith(notFound))
    await head.call(emergencyAccessApi.open_emergency_access, { params, body: { reason: 'Unconscious' } })
    await head.call(patientApi.delete, { params, query: {} })
    const entries = await api.rows(
      sql`select purpose from audit_logs where patient_id = ${params.patient_id} and action = 'patient.delete' and outcome = 'success'`,
    )
    assert.deepEqual(entries, [{ purpose: 'BTG' }])
  })

  it('is refused in another version, of nobody, and of who was erased or is part of another record', async () => {
    const [patient, other] = [await register(staff), await register(staff)]
    const params = { patient_id: patient.id }
    await assert.rejects(
      admin.call(patientApi.delete, { params, query: {} }, { 'if-match': '"v7"' }),
      refusedWith(stale),
    )
    await assert.rejects(
      admin.call(patientApi.restore, { params: { patient_id: admin.user_id } }),
      refusedWith(notFound),
    )
    await api.rows(sql`update patients set merged_into = ${other.id}, is_active = false where id = ${patient.id}`)
    await assert.rejects(admin.call(patientApi.restore, { params }), refusedWith(patientMerged))
    await api.rows(sql`update patients set merged_into = null, erased_at = now() where id = ${patient.id}`)
    for (const call of [
      () => admin.call(patientApi.restore, { params }),
      () => admin.call(patientApi.delete, { params, query: {} }),
    ])
      await assert.rejects(call(), refusedWith(patientErased))
  })

  it('is refused while they are expected somewhere, and cancels those appointments where it is told to', async () => {
    const patient = await register(staff)
    const params = { patient_id: patient.id }
    const doctor = await api.person('doctor', { doctor: true })
    const book = async (hours: number, status: string) => {
      const [row] = await api.rows<{ id: string }>(sql`
        insert into appointments (confirmation_code, patient_id, doctor_id, during, status)
        values (${`${patient.id} ${hours}`}, ${patient.id}, ${doctor.doctor_id},
                tstzrange(now() + ${hours} * interval '1 hour', now() + ${hours + 0.5} * interval '1 hour'), ${status}) returning id`)
      return row?.id ?? ''
    }
    await book(-48, 'completed')
    await book(-24, 'booked')
    await book(30, 'cancelled')
    const standing = [await book(24, 'booked'), await book(48, 'confirmed')]
    const remove = (query: object) => admin.call(patientApi.delete, { params, query })
    const named = (error: unknown) => {
      const { appointments } = (error as Problem).members as { appointments: { id: string }[] }
      return refusedWith(patientExpected)(error) ? appointments.map(({ id }) => id) : []
    }
    await assert.rejects(remove({}), (error) => JSON.stringify(named(error)) === JSON.stringify(standing))
    assert.equal((await read(staff, patient.id)).is_active, true)

    const begun = await book(0, 'in_progress')
    await assert.rejects(remove({ cancel_appointments: 'true' }), (error) => named(error).includes(begun))
    await api.rows(sql`update appointments set status = 'completed' where id = ${begun}`)
    await remove({ cancel_appointments: 'true' })
    assert.equal((await read(staff, patient.id)).is_active, false)
    const rows = await api.rows(sql`
      select a.status, h.from_status, h.user_id, e.payload ->> 'to_status' as told, l.action
        from appointments a join appointment_history h on h.appointment_id = a.id
        join events e on e.subject_id = a.id join audit_logs l on l.resource_id = a.id where a.id = any(${standing}) order by a.id`)
    const cancelled = { status: 'cancelled', user_id: admin.user_id, told: 'cancelled', action: 'appointment.cancel' }
    assert.deepEqual(
      rows,
      ['booked', 'confirmed'].map((from_status) => ({ ...cancelled, from_status })),
    )
  })

  it('needs the right to cancel for that, and sees appointments beyond the reach of whoever deletes', async () => {
    await api.rows(sql`insert into roles (name, permissions) values
      ('remover', array['patients:read:department', 'patients:delete:department', 'appointments:read:own'])`)
    const department_id = await api.department()
    const remover = await api.person('remover', { department_id })
    const [reached, beyond] = [await api.patient(), await api.patient()]
    await api.rows(sql`insert into care_relationships (patient_id, department_id, origin, origin_id)
                       values (${reached}, ${department_id}, 'registration', ${reached})`)
    const doctor = await api.person('doctor', { doctor: true, department_id: await api.department() })
    const remove = (patient_id: string, query: object = {}) =>
      remover.call(patientApi.delete, { params: { patient_id }, query })
    await assert.rejects(remove(beyond), refusedWith(notFound))
    await api.rows(sql`
      insert into appointments (confirmation_code, patient_id, doctor_id, during)
      values (${reached}, ${reached}, ${doctor.doctor_id}, tstzrange(now() + interval '1 day', now() + interval '25 hours'))`)
    await assert.rejects(remove(reached), refusedWith(patientExpected))
    await assert.rejects(remove(reached, { cancel_appointments: 'true' }), refusedWith(forbidden))
  })
})
