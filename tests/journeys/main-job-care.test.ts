// The main job from the check-in on: seen by a nurse, a radiologist and a cardiologist, stopped by an allergy, given a bed, and
// gone home; and the auditor proves who saw it. A stand-in that speaks clamd's protocol finds the EICAR file here; a real clamd does in
// tests/services.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startSmtp } from '#platform/mail/smtp.testing.ts'
import { startClamd } from '../../server/modules/documents/clamd.testing.ts'
import { type Caller, send, signIn } from '../caller.ts'
import { createColleague, createDepartment, createDoctor, expectStatus, freeStarts, nextPerson } from '../hospital.ts'
import { until } from '../processes.ts'
import { type Hospital, startHospital } from '../shapes.ts'
import { movedBy, readFigures, rowsBehind } from './figures.ts'

let clamd: Awaited<ReturnType<typeof startClamd>>
let smtp: Awaited<ReturnType<typeof startSmtp>>
let hospital: Hospital
let administrator: Caller
/** In hex, since the text itself would have this file taken for infected. */
const eicar = Buffer.from(
  '58354f2150254041505b345c505a58353428505e2937434329377d2445494341522d5354414e444152442d414e544956495255532d544553542d46494c452124482b482a',
  'hex',
)
/** A picture of one point. */
const scan = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

before(async () => {
  clamd = await startClamd()
  clamd.behaviour.judge = (content) => (content.includes(eicar) ? 'stream: Eicar-Test-Signature FOUND' : 'stream: OK')
  smtp = await startSmtp()
  hospital = await startHospital({
    environment: {
      LOG_LEVEL: 'warn',
      CLAMD_URL: clamd.url,
      SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
      MAIL_FROM: 'care@example.test',
    },
  })
  administrator = await signIn(hospital.port)
})
after(async () => {
  await hospital?.stop()
  await smtp.stop()
  await clamd.stop()
})

type Made = { id: string; status: string; version: number }
type Refused = { code: string }
const asked = async <T = Made>(caller: Caller, status: number, ...request: Parameters<Caller['ask']>) =>
  expectStatus(status, await caller.ask(...request)) as T

async function upload(caller: Caller, visit_id: string, content: Buffer, name: string, type: string) {
  const form = new FormData()
  form.append('title', 'Chest, one view')
  form.append('kind', 'image')
  form.append('file', new Blob([new Uint8Array(content)], { type }), name)
  const answer = await fetch(`http://127.0.0.1:${caller.port}/api/v1/visits/${visit_id}/documents`, {
    method: 'POST',
    headers: { authorization: `Bearer ${caller.tokens.access_token}` },
    body: form,
  })
  return { status: answer.status, json: (await answer.json()) as Made & Refused }
}

const filesBelow = (path: string) =>
  readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile())

const medicine = (name: string, dosage: string, frequency: string) => ({
  name,
  dosage,
  form: 'tablet',
  route: 'oral',
  frequency,
  duration_days: 5,
  quantity: 20,
})

test('a patient is booked, checked in, assessed, scanned, treated in spite of an allergy, given a bed, and goes home', async () => {
  const figures_before = await readFigures(administrator)
  const department_id = await createDepartment(administrator)
  const reception = (await createColleague(administrator, 'staff', department_id)).caller
  const nurse = (await createColleague(administrator, 'nurse', department_id)).caller
  const cardiologist = await createDoctor(administrator, { specialization: 'Cardiology', department_id })
  const radiologist = (await createDoctor(administrator, { specialization: 'Radiology', department_id })).caller
  const doctor = cardiologist.caller

  const email = 'heart@example.org'
  const { id: patient_id } = await asked(reception, 201, 'POST', '/api/v1/patients', { ...nextPerson(), email })
  const [appointment_time] = await freeStarts(reception, cardiologist.doctor_id)
  const booking = { doctor_id: cardiologist.doctor_id, patient_id, appointment_time, reason: 'Palpitations' }
  const booked = await asked<Made & { confirmation_code: string; duration_minutes: number }>(
    reception,
    201,
    'POST',
    '/api/v1/appointments',
    booking,
  )
  const isConfirmed = () =>
    smtp.received.some(({ to, source }) => to.includes(email) && source.includes(booked.confirmation_code))
  await until('the confirmation has come', isConfirmed, 60_000)
  for (const status of ['confirmed', 'checked_in'])
    await asked(reception, 200, 'PUT', `/api/v1/appointments/${booked.id}/status`, { status })

  // The check-in has opened the visit.
  const board = await asked<{ items: { visit_id?: string; id?: string; patient_id: string }[] }>(
    nurse,
    200,
    'GET',
    `/api/v1/visits/queue?department_id=${department_id}`,
  )
  assert.deepEqual(
    board.items.map((waiting) => waiting.patient_id),
    [patient_id],
  )
  const visits = await asked<{ items: Made[] }>(nurse, 200, 'GET', `/api/v1/patients/${patient_id}/visits`)
  const visit_id = visits.items[0]?.id ?? ''
  const visit = `/api/v1/visits/${visit_id}`

  const allergy = { substance: 'Penicillin', reaction: 'Hives', severity: 'severe' }
  const known = await asked(nurse, 201, 'POST', `/api/v1/patients/${patient_id}/allergies`, allergy)
  const prefilled = await asked<{ items: { field: string; source: { id: string } }[] }>(
    nurse,
    200,
    'GET',
    `${visit}/nursing-assessment/prefill`,
  )
  assert.ok(prefilled.items.some(({ source }) => source.id === known.id))
  const vital_signs = {
    temperature_celsius: 38.6,
    pulse_bpm: 112,
    respiratory_rate_per_min: 22,
    blood_pressure_systolic: 105,
    blood_pressure_diastolic: 70,
    oxygen_saturation_percent: 94,
    on_supplemental_oxygen: false,
    consciousness: 'alert',
    weight_kg: 71.5,
    height_cm: 172,
  }
  const draft = await asked(nurse, 201, 'POST', `${visit}/nursing-assessment`, { vital_signs })
  assert.equal(
    (await asked<Refused>(doctor, 409, 'PUT', `${visit}/status`, { status: 'completed' })).code,
    'visit_transition',
  )
  const nursing = await asked<Made & { derived: { bmi: number; news2: { score: number; band: string } } }>(
    nurse,
    200,
    'POST',
    `/api/v1/assessments/${draft.id}/finalize`,
    {},
  )
  // 1 for the temperature, 2 each for pulse and respiration, 1 each for pressure and saturation (Royal College of Physicians, 2017).
  assert.deepEqual([nursing.derived.news2.score, nursing.derived.news2.band, nursing.derived.bmi], [7, 'high', 24.2])
  await asked(nurse, 200, 'PUT', `${visit}/status`, { status: 'triaged' })
  await asked(doctor, 200, 'POST', `/api/v1/assessments/${draft.id}/acknowledge`)
  await asked(doctor, 200, 'PUT', `${visit}/status`, { status: 'in_progress' })

  const infected = await upload(radiologist, visit_id, eicar, 'scan.txt', 'text/plain')
  assert.deepEqual([infected.status, infected.json.code], [422, 'infected_file'])
  const image = await upload(radiologist, visit_id, scan, 'chest.png', 'image/png')
  assert.deepEqual([image.status, image.json.status], [201, 'clean'])
  assert.ok(clamd.scans() >= 2)
  const reading = await asked(radiologist, 201, 'POST', `${visit}/radiology-assessment`, {
    modality: 'DX',
    body_site: 'Chest',
    safety: { pregnancy: false },
    clinical_indication: 'Palpitations and fever',
    findings: 'The heart is of usual size. A small infiltrate in the right lower lobe.',
    impression: 'Pneumonia of the right lower lobe.',
    document_ids: [image.json.id],
  })
  await asked(radiologist, 200, 'POST', `/api/v1/assessments/${reading.id}/finalize`, { as: 'final' })
  const stored = filesBelow(join(hospital.cluster.directory, 'documents')).map((file) => readFileSync(file))
  assert.ok(stored.length > 0 && stored.every((bytes) => !bytes.includes(scan.subarray(8, 40))), 'the scan lies sealed')

  const request = { patient_id, visit_id, medicines: [medicine('Amoxicillin', '500 mg', 'every 8 hours')] }
  const prescription = await asked(doctor, 201, 'POST', '/api/v1/prescriptions', request)
  const sign = `/api/v1/prescriptions/${prescription.id}/sign`
  const blocked = await asked<Refused & { findings: { kind: string; severity: string }[] }>(
    doctor,
    409,
    'POST',
    sign,
    {},
  )
  assert.equal(blocked.code, 'prescription_blocked')
  assert.deepEqual(
    blocked.findings.map(({ kind, severity }) => [kind, severity]),
    [['allergy', 'severe']],
  )
  const medicines = [medicine('Azithromycin', '500 mg', 'once a day')]
  await asked(doctor, 200, 'PUT', `/api/v1/prescriptions/${prescription.id}`, { medicines })
  const signed = await asked<Made & { verification_code: string }>(doctor, 200, 'POST', sign, {})
  assert.equal(signed.status, 'signed')
  const verified = await send(hospital.port, {
    method: 'GET',
    url: `/api/v1/prescriptions/verify/${signed.verification_code}`,
    headers: {},
  })
  assert.deepEqual(expectStatus(200, verified), { validity: 'valid' })

  const bed = await asked(administrator, 201, 'POST', '/api/v1/resources', {
    type: 'bed',
    name: 'Bed by the window',
    code: 'CARD-1',
    ward: 'Cardiology',
  })
  await asked(nurse, 201, 'POST', `/api/v1/resources/${bed.id}/assign`, { patient_id })
  const occupied = `/api/v1/resources/${bed.id}/assignments`
  assert.equal((await asked<{ items: unknown[] }>(administrator, 200, 'GET', occupied)).items.length, 1)
  assert.equal(
    (await asked<Refused>(doctor, 409, 'PUT', `${visit}/status`, { status: 'completed' })).code,
    'visit_unfinished',
  )
  await asked(nurse, 200, 'DELETE', `/api/v1/resources/${bed.id}/assign`)
  await asked(doctor, 200, 'PUT', `${visit}/status`, { status: 'completed' })
  assert.equal((await asked(reception, 200, 'GET', `/api/v1/appointments/${booked.id}`)).status, 'completed')

  // What the manager reads has moved by what was done, and by nothing else.
  assert.deepEqual(movedBy(figures_before, await readFigures(administrator)), {
    patients: 1,
    new_patients: 1,
    visits: 1,
    places_in_beds: 1,
    prescriptions: 1,
    'signed prescriptions': 1,
    'completed appointments': 1,
    'appointments of new patients': 1,
    'completed minutes': booked.duration_minutes,
    vital_sign: Object.keys(vital_signs).length,
    early_warning: 1,
    radiology: 1,
    alert: 1,
  })
  for (const [figure, id] of [
    ['patients', patient_id],
    ['visits', visit_id],
    ['prescriptions', prescription.id],
  ] as const)
    assert.ok((await rowsBehind(administrator, figure)).includes(id), figure)

  const timeline = await asked<{ items: { kind: string }[] }>(
    doctor,
    200,
    'GET',
    `/api/v1/patients/${patient_id}/timeline?limit=100`,
  )
  assert.deepEqual(
    new Set(timeline.items.map(({ kind }) => kind)),
    new Set(['appointment', 'visit', 'bed_stay', 'allergy', 'assessment', 'document', 'prescription']),
  )

  const auditor = (await createColleague(administrator, 'auditor')).caller
  const log = await asked<{ items: { action: string; outcome: string }[] }>(
    auditor,
    200,
    'GET',
    `/api/v1/audit-logs?patient_id=${patient_id}&limit=100`,
  )
  const actions = new Set(log.items.map(({ action }) => action))
  const expected = [
    'patient.register',
    'appointment.book',
    'appointment.set_status',
    'visit.set_status',
    'assessment.finalize',
    'document.upload',
    'prescription.sign',
    'resource.assign',
    'resource.release',
  ]
  assert.deepEqual(
    expected.filter((action) => !actions.has(action)),
    [],
    [...actions].join(),
  )
  const proof = await asked<{ is_whole: boolean; whole_entries: number }>(
    auditor,
    200,
    'GET',
    '/api/v1/audit-logs/verify',
  )
  assert.equal(proof.is_whole, true)
})
