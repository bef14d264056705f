// A hospital small enough to judge by hand: two departments, one of each kind of person, and as many patients as a test asks
// for. The one asked about is known to the people of the first department only.
import { randomUUID } from 'node:crypto'
import type { Route } from '#platform/http/mount.ts'
import { createFingerprint } from './fingerprint.ts'
import { newPatient, nextSlot, prescriptionFor, reportForm } from './given.ts'
import { literalRole } from './roles.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, startTestApi } from '../../server/testing.ts'

/** Who asks, by what ties them to the patient asked about. */
export const actors = [
  'anonymous',
  'own',
  'other',
  'treating',
  'away_doctor',
  'nurse',
  'away_nurse',
  'staff',
  'admin',
  'auditor',
  'nobody',
] as const
export type Actor = (typeof actors)[number]

/** A patient with what hangs on them. Each id is named as the parameter that takes it. */
export type Subject = { ids: Record<string, string>; own: Person }
export type World = Awaited<ReturnType<typeof startWorld>>

export async function startWorld() {
  const api = await startTestApi()
  await literalRole(api, 'nobody', [])
  await literalRole(api, 'spare_role', ['patients:find'])
  const [here, away] = [await api.department(), await api.department()]
  // Makes what the fixture needs; nobody else signs this one out.
  const maker = await api.person('admin')
  const fixed = {
    treating: await api.person('doctor', { department_id: here, doctor: true }),
    away_doctor: await api.person('doctor', { department_id: away, doctor: true }),
    nurse: await api.person('nurse', { department_id: here }),
    away_nurse: await api.person('nurse', { department_id: away }),
    staff: await api.person('staff', { department_id: here }),
    admin: await api.person('admin'),
    auditor: await api.person('auditor'),
    nobody: await api.person('nobody'),
  }
  const routes = new Map(api.app.routes.map((route) => [nameOf(route), route]))

  /** Calls an operation as the administrator, or as whoever else may; undefined where no module offers it. */
  async function make(
    name: string,
    params: Record<string, string>,
    body: unknown,
    by: Person = maker,
  ): Promise<{ id: string } | undefined> {
    const operation = routes.get(name)?.operation
    if (!operation) return undefined
    const { method } = operation
    const url = operation.path.replaceAll(/\{(\w+)\}/g, (_, key: string) => params[key] ?? '')
    const headers = { 'content-type': 'application/json' }
    const answer = await by.send({ method, url, headers, body: JSON.stringify(body) })
    if (answer.status !== operation.returns[0]) throw new Error(`${name} cannot be made for the test: ${answer.text}`)
    return JSON.parse(answer.text) as { id: string }
  }

  /** With a session of their own: what others ask for may end it. */
  async function signedIn(person: Person): Promise<Person> {
    const session = await api.signIn(person.user_id)
    return {
      ...person,
      ...session,
      send: (request) =>
        api.send({ ...request, headers: { authorization: `Bearer ${session.token}`, ...request.headers } }),
    }
  }

  async function upload(patient_id: string): Promise<{ id: string } | undefined> {
    const { raw, headers } = reportForm({ patient_id, title: 'Report' })
    const answer = await maker.send({ method: 'POST', url: '/api/v1/documents', headers, body: raw })
    return answer.status === 201 ? (JSON.parse(answer.text) as { id: string }) : undefined
  }

  async function patient(department_id: string, doctor_id: string | undefined): Promise<string> {
    const made = await make('POST /api/v1/patients', {}, newPatient())
    const patient_id = made?.id ?? randomUUID()
    await api.rows(
      sql`insert into care_relationships (patient_id, department_id, origin, origin_id) values (${patient_id}, ${department_id}, 'registration', ${patient_id})`,
    )
    await api.rows(
      sql`insert into care_relationships (patient_id, doctor_id, origin, origin_id) values (${patient_id}, ${doctor_id}, 'appointment', ${patient_id})`,
    )
    return patient_id
  }

  async function subject(department_id = here, doctor_id = fixed.treating.doctor_id): Promise<Subject> {
    const patient_id = await patient(department_id, doctor_id)
    const params = { patient_id }
    const own = await api.person('patient', { patient_id })
    const target = await api.person('staff', { department_id })
    const new_doctor = await api.person('doctor', { department_id })
    // Whatever hours were tried out with the doctor, those of the profile count again.
    await api.rows(sql`
      with off as (delete from time_off where doctor_id = ${doctor_id} returning doctor_id),
           blocks as (delete from schedule_blocks where doctor_id = ${doctor_id} returning doctor_id)
      update doctors set version = version + 1 where id in (select doctor_id from off union select doctor_id from blocks)`)
    const contact = await make('POST /api/v1/patients/{patient_id}/emergency-contacts', params, {
      name: 'Eva Ruiz',
      relationship: 'sister',
      phone: '(415) 555-2671',
    })
    const insurance = await make('POST /api/v1/patients/{patient_id}/insurances', params, {
      provider_name: 'Aetna',
      policy_number: randomUUID(),
      coverage_start_date: '2020-01-01',
      currency: 'USD',
    })
    const appointment = await make(
      'POST /api/v1/appointments',
      {},
      {
        doctor_id,
        patient_id,
        appointment_time: nextSlot(),
      },
    )
    const visit = await make('POST /api/v1/visits', {}, { patient_id, department_id })
    const series = await make(
      'POST /api/v1/appointments/series',
      {},
      {
        doctor_id,
        patient_id,
        appointment_time: nextSlot(),
        rrule: 'FREQ=WEEKLY;INTERVAL=40;COUNT=2',
        skip_conflicts: true,
      },
    )
    const clinician = await signedIn(doctor_id === fixed.treating.doctor_id ? fixed.treating : fixed.away_doctor)
    const allergy = await make(
      'POST /api/v1/patients/{patient_id}/allergies',
      params,
      { substance: 'Latex' },
      clinician,
    )
    const condition = await make('POST /api/v1/patients/{patient_id}/conditions', params, { text: 'Asthma' }, clinician)
    const today = Temporal.Now.plainDateISO('America/New_York')
    const waiting = await make(
      'POST /api/v1/waitlist',
      {},
      { doctor_id, patient_id, from_date: today.toString(), to_date: today.add({ days: 30 }).toString() },
    )
    const note = await make(
      'POST /api/v1/visits/{visit_id}/notes',
      { visit_id: visit?.id ?? '' },
      { kind: 'progress', content: { text: 'Better' } },
      clinician,
    )
    const prescription = await make('POST /api/v1/prescriptions', {}, prescriptionFor(patient_id), clinician)
    const during = { visit_id: visit?.id ?? '' }
    const signed = async (kind: 'nursing' | 'radiology', form: object) => {
      const drafted = await make(`POST /api/v1/visits/{visit_id}/${kind}-assessment`, during, form, clinician)
      const path = 'POST /api/v1/assessments/{assessment_id}/finalize'
      return drafted && make(path, { assessment_id: drafted.id }, {}, clinician)
    }
    const assessment = await signed('nursing', { vital_signs: { consciousness: 'confusion' } })
    await signed('radiology', {
      modality: 'US',
      body_site: 'Abdomen',
      clinical_indication: 'Pain',
      findings: 'Nothing to be seen',
    })
    const document = await upload(patient_id)
    const webhook = await make('POST /api/v1/webhooks', {}, { url: 'https://hooks.example.org/in', types: ['*'] })
    return {
      own,
      ids: {
        patient_id,
        user_id: target.user_id,
        new_doctor_user_id: new_doctor.user_id,
        session_id: target.session_id,
        department_id,
        doctor_id: doctor_id ?? '',
        name: 'spare_role',
        emergency_access_id: randomUUID(),
        finding_id: randomUUID(),
        merge_id: randomUUID(),
        job_id: randomUUID(),
        event_id: randomUUID(),
        import_id: randomUUID(),
        webhook_id: webhook?.id ?? randomUUID(),
        delivery_id: randomUUID(),
        report_job_id: randomUUID(),
        run_id: randomUUID(),
        resource_id: randomUUID(),
        reservation_id: randomUUID(),
        block_id: randomUUID(),
        time_off_id: randomUUID(),
        export_id: randomUUID(),
        link_id: randomUUID(),
        document_id: document?.id ?? randomUUID(),
        disclosure_id: randomUUID(),
        ...(visit ? { visit_id: visit.id } : {}),
        ...(assessment ? { assessment_id: assessment.id } : {}),
        ...(allergy ? { allergy_id: allergy.id } : {}),
        code: 'AAAAAAAAAAAAAAAAAAAAAAAAAA',
        ...(note ? { note_id: note.id } : {}),
        ...(prescription ? { prescription_id: prescription.id } : {}),
        ...(condition ? { condition_id: condition.id } : {}),
        ...(contact ? { contact_id: contact.id } : {}),
        ...(insurance ? { insurance_id: insurance.id } : {}),
        ...(appointment ? { appointment_id: appointment.id } : {}),
        ...(waiting ? { waitlist_entry_id: waiting.id } : {}),
        ...(series ? { series_id: series.id } : {}),
      },
    }
  }

  const foreign = await subject(away, fixed.away_doctor.doctor_id)
  return {
    api,
    routes,
    here,
    away,
    fixed,
    /** A patient of the other department; `other` is their account. */
    foreign,
    subject,
    maker,
    /** Who has drafted the prescription of a subject of the first department. */
    prescriber: () => signedIn(fixed.treating),
    /** Signed in anew each time, since what they ask for may end their sessions. */
    async personOf(actor: Actor, { own }: Subject): Promise<Person | undefined> {
      if (actor === 'anonymous') return undefined
      return signedIn(actor === 'own' ? own : actor === 'other' ? foreign.own : fixed[actor])
    },
    fingerprint: createFingerprint(api),
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  }
}

export const nameOf = ({ operation }: Route) => `${operation.method} ${operation.path}`
/** Whether it leaves a subject as it is. */
export const isRead = ({ operation }: Pick<Route, 'operation'>) =>
  operation.method === 'GET' || (operation.audit !== 'none' && operation.audit.reads === true)
