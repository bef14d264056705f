// For tests: a past of whatever can be counted, made up at random, in a spring with a change of the clocks.
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { certain } from '#platform/certain.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import type { TestApi } from '../../testing.ts'
import { countedStatuses } from '../analytics/analytics.contract.ts'
import { appoint, changeDoctorAt, doctorSince, isRefused } from '../analytics/figures.testing.ts'
import { assessmentApi, nursingApi, radiologyApi } from '../assessments/assessment.contract.ts'
import { openVisit } from '../visits/clinic.testing.ts'

export const past = { from: '2025-03-03', to: '2025-03-16' }
const begin = Temporal.Instant.from('2025-03-03T05:00:00Z')

const minute = fc.noBias(fc.integer({ min: -600, max: 15 * 1440 }))
const which = fc.noBias(fc.nat(999))
/** Between eight and six on one of ten days, so that some overlap. */
const daytime = fc.noBias(fc.integer({ min: 0, max: 5999 })).map((at) => 1440 * Math.floor(at / 600) + 480 + (at % 600))
const event = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record({
      what: fc.constant('appointment' as const),
      which,
      minute: fc.oneof({ weight: 5, arbitrary: daytime }, { weight: 1, arbitrary: minute }),
      lasts: fc.integer({ min: 5, max: 95 }),
      status: fc.constantFrom(...countedStatuses, 'held'),
      lead: fc.integer({ min: -300, max: 9000 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant('visit' as const),
      which,
      minute,
      lasts: fc.integer({ min: 0, max: 4000 }),
      status: fc.constantFrom(
        'completed',
        'discharged',
        'cancelled',
        'left_without_being_seen',
        'in_progress',
        'admitted',
      ),
      type: fc.constantFrom('outpatient', 'inpatient', 'emergency'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant('stay' as const),
      which,
      minute,
      lasts: fc.option(fc.integer({ min: 0, max: 5000 })),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('move' as const),
      which,
      minute,
      lasts: fc.option(fc.integer({ min: 0, max: 3000 })),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('state' as const),
      which,
      minute,
      change: fc.constantFrom('state', 'ward', 'department', 'lanes'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constant('prescription' as const), which, minute, cancelled: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('document' as const), which, minute, deleted: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('patient' as const),
      which,
      minute,
      born: fc.integer({ min: 1930, max: 2024 }),
      gender: fc.constantFrom('MALE', 'FEMALE', 'OTHER'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('off' as const),
      which,
      minute,
      lasts: fc.integer({ min: 15, max: 600 }),
    }),
  },
)
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never
export const events = fc.array(event, { minLength: 60, maxLength: 120 })

export type Place = Awaited<ReturnType<typeof startPast>>

/** Doctors who move and leave, patients, beds, and findings with their alerts. */
export async function startPast(api: TestApi) {
  const admin = await api.person('admin')
  const departments = [await api.department('North'), await api.department('South')] as const
  const [north, south] = departments
  const people = [
    await doctorSince(api, '2025-01-01', { department_id: north, doctor: { specialization: 'cardiology' } }),
    await doctorSince(api, '2025-01-01', { department_id: south, doctor: { specialization: 'surgery' } }),
    await doctorSince(api, '2025-03-05', { doctor: { specialization: 'surgery' } }),
  ]
  const doctors = people.map(({ doctor_id }) => certain(doctor_id, 'doctor'))
  await changeDoctorAt(api, doctors[0], '2025-03-07T15:00:00-05:00', { department_id: south })
  await changeDoctorAt(api, doctors[1], '2025-03-12T12:00:00-04:00', { is_active: false })
  await changeDoctorAt(api, doctors[2], '2025-03-10T00:00:00-04:00', { available_to: '11:00' })
  const patients: string[] = []
  for (const year of [1931, 1950, 1984, 2003, 2019])
    patients.push(await api.patient({ date_of_birth: `${year}-03-10` }))
  await api.rows(sql`update patients set registered_date = '2025-02-20'`)
  const resources: string[] = []
  for (const [type, ward, lanes] of [
    ['bed', 'Ward A', 1],
    ['bed', 'Ward B', 2],
    ['icu_bed', 'Ward A', 1],
    ['room', null, 2],
  ] as const) {
    const [made] = await api.rows<{ id: string }>(sql`
      insert into resources (type, name, code, ward, lanes, department_id)
      values (${type}, 'One', ${randomUUID().slice(0, 12)}, ${ward}, ${lanes}, ${ward === null ? null : north}) returning id`)
    resources.push(certain(made, 'resource').id)
  }
  await api.rows(sql`update resource_states set in_force_from = '2025-03-01T10:20:30Z'`)
  const nurse = await api.person('nurse', { department_id: north })
  const doctor = certain(people[0], 'doctor')
  for (const [at, pulse_bpm] of [72, 150].entries()) {
    const { id: visit_id } = await openVisit(nurse, patients[at] ?? '', { doctor_id: doctors[0] })
    const nursing = await nurse.call(nursingApi.create, {
      params: { visit_id },
      body: {
        vital_signs: {
          pulse_bpm,
          temperature_celsius: 39.9,
          respiratory_rate_per_min: at === 0 ? 14 : 30,
          blood_pressure_systolic: at === 0 ? 120 : 85,
          blood_pressure_diastolic: 60,
          oxygen_saturation_percent: at === 0 ? 98 : 85,
          on_supplemental_oxygen: false,
          consciousness: 'alert',
        },
        fall_risk: {
          history_of_falling: true,
          secondary_diagnosis: at === 1,
          ambulatory_aid: 'none',
          iv_therapy: at === 1,
          gait: 'normal',
          mental_status: 'oriented',
        },
      },
    })
    await nurse.call(assessmentApi.finalize, { params: { assessment_id: nursing.id }, body: { as: 'final' } })
    const radiology = await doctor.call(radiologyApi.create, {
      params: { visit_id },
      body: {
        modality: 'US',
        body_site: 'Abdomen',
        clinical_indication: 'Pain since yesterday',
        findings: 'Free fluid below the liver.',
        impression: 'Ascites.',
        is_critical: at === 1,
      },
    })
    await doctor.call(assessmentApi.finalize, { params: { assessment_id: radiology.id }, body: { as: 'final' } })
  }
  await api.rows(sql`update assessments set finalized_at = '2025-03-06T12:00:00Z' where finalized_at is not null`)
  await api.rows(sql`update assessment_alerts set raised_at = '2025-03-09T12:00:00Z'`)
  await api.rows(sql`update users set created_at = '2025-02-28T12:00:00Z' where role = 'nurse'`)
  return { api, admin, departments, people, doctors, patients, resources }
}

const of = <T>(list: readonly T[], which_one: number) => certain(list[which_one % list.length], 'one of them')

function statementOf({ doctors, departments, patients, resources }: Place, one: Event): Sql | undefined {
  const at = begin.add({ seconds: 60 * one.minute + (one.which % 60) }).toString()
  const end = (lasts: number | null) =>
    lasts === null ? null : begin.add({ seconds: 60 * (one.minute + lasts) + (one.which % 60) + 7 }).toString()
  const patient_id = of(patients, one.which)
  const doctor_id = of(doctors, one.which >> 1)
  const department_id = of(departments, one.which >> 2)
  const resource_id = of(resources, one.which >> 1)
  switch (one.what) {
    case 'visit': {
      const isOpen = one.status === 'in_progress' || one.status === 'admitted'
      return sql`
        insert into visits (visit_number, patient_id, doctor_id, department_id, type, status, opened_at, closed_at)
        values (${randomUUID()}, ${patient_id}, ${doctor_id}, ${department_id}, ${one.type}, ${one.status}, ${at}, ${isOpen ? null : end(one.lasts)})`
    }
    case 'stay':
      return sql`
        insert into resource_assignments (resource_id, patient_id, is_bed, lane, assigned_at, released_at)
        values (${resource_id}, ${patient_id}, true, ${1 + (one.which % 2)}, ${at}, ${end(one.lasts)})`
    case 'move':
      return sql`
        insert into resource_assignments (resource_id, patient_id, is_bed, lane, assigned_at, released_at, moved_from_id)
        select ${resource_id}, s.patient_id, true, 1, s.released_at, s.released_at + make_interval(mins => ${one.lasts}), s.id
          from resource_assignments s
         where s.released_at is not null and not exists (select from resource_assignments n where n.moved_from_id = s.id)
         order by s.id limit 1`
    case 'state': {
      const state =
        one.change === 'state' ? sql`case state when 'in_service' then 'maintenance' else 'in_service' end` : sql`state`
      const ward = one.change === 'ward' ? sql`case ward when 'Ward A' then 'Ward B' else 'Ward A' end` : sql`ward`
      const department = one.change === 'department' ? sql`${department_id}::uuid` : sql`department_id`
      const lanes = one.change === 'lanes' ? sql`3 - lanes` : sql`lanes`
      return sql`
        insert into resource_states (resource_id, in_force_from, state, ward, department_id, lanes)
        select resource_id, ${at}::timestamptz, ${state}, ${ward}, ${department}, ${lanes}
          from resource_states where resource_id = ${resource_id} order by in_force_from desc limit 1`
    }
    case 'prescription':
      return sql`
        insert into prescriptions (prescription_number, patient_id, doctor_id, key_id, sealed_content, created_at, status, cancelled_at)
        select ${randomUUID()}, id, ${doctor_id}, key_id, '\\x00'::bytea, ${at}::timestamptz, ${one.cancelled ? 'cancelled' : 'draft'},
               ${one.cancelled ? at : null}::timestamptz from patients where id = ${patient_id}`
    case 'document':
      return sql`
        insert into documents (id, patient_id, kind, storage_key, media_type, size_bytes, status, scanned_with, series_id, key_id, sealed_label,
                               sealed_content_key, uploaded_at, deleted_at)
        select made.id, p.id, ${of(['report', 'image', 'consent'], one.which)}, replace(made.id::text, '-', ''), 'text/plain', 1, 'clean', 'a scanner',
               made.id, p.key_id, '\\x00', '\\x00', ${at}::timestamptz, ${one.deleted ? at : null}::timestamptz
          from patients p, (select ${randomUUID()}::uuid as id) as made where p.id = ${patient_id}`
    case 'off':
      return sql`insert into time_off (doctor_id, starts_at, ends_at) values (${doctor_id}, ${at}, ${end(one.lasts)})`
    case 'appointment':
    case 'patient':
      return undefined
  }
}

/** What cannot have been is left out, as the database refuses it. */
export async function happen(place: Place, list: readonly Event[]): Promise<void> {
  const { api, doctors, patients } = place
  for (const one of list) {
    try {
      if (one.what === 'appointment') {
        const at = begin.add({ minutes: one.minute })
        const booked_at = at.subtract({ minutes: one.lead }).toString()
        const when = at.toZonedDateTimeISO('America/New_York').toPlainDateTime().toString()
        const lane = one.which % 3
        const of_whom = { doctor_id: of(doctors, one.which >> 1), patient_id: of(patients, one.which) }
        await appoint(api, [{ ...of_whom, at: when, minutes: one.lasts, status: one.status, lane, booked_at }])
      } else if (one.what === 'patient') {
        const id = await api.patient({ date_of_birth: `${one.born}-03-0${1 + (one.which % 9)}` })
        const since = begin.add({ minutes: one.minute }).toZonedDateTimeISO('America/New_York').toPlainDate().toString()
        await api.rows(
          sql`update patients set gender = ${one.gender}, registered_date = ${since}, is_active = ${one.which % 7 > 0} where id = ${id}`,
        )
      } else {
        const statement = statementOf(place, one)
        if (statement) await api.rows(statement)
      }
    } catch (error) {
      if (!isRefused(error)) throw error
    }
  }
}
