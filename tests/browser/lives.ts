// A hospital in which there is something on every page: people of each kind, and what they have done, made through the API. Nobody in
// it is real.
import type { Caller } from '../caller.ts'
import {
  createColleague,
  createDoctor,
  freeStarts,
  freeStartsBetween,
  made,
  type Names,
  nextPerson,
  registerAlone,
} from '../hospital.ts'

export type Account = { email: string; password: string }
/** Who looks at a page; nobody is signed in as `nobody`. */
export const people = ['receptionist', 'nurse', 'doctor', 'patient', 'administrator', 'auditor', 'nobody'] as const
export type Person = (typeof people)[number]
export type Accounts = Record<Exclude<Person, 'nobody'>, Account>

/** What stands in the addresses of pages. */
export type Ids = Record<
  | 'patient_id'
  | 'visit_id'
  | 'doctor_id'
  | 'assessment_id'
  | 'prescription_id'
  | 'draft_id'
  | 'user_id'
  | 'webhook_id'
  | 'day'
  | 'time',
  string
>

const well = {
  temperature_celsius: 36.9,
  pulse_bpm: 72,
  respiratory_rate_per_min: 16,
  blood_pressure_systolic: 124,
  blood_pressure_diastolic: 78,
  oxygen_saturation_percent: 97,
  on_supplemental_oxygen: false,
  consciousness: 'alert',
  weight_kg: 71.5,
  height_cm: 172,
}
const worse = { ...well, respiratory_rate_per_min: 22, pulse_bpm: 104, temperature_celsius: 38.1 }
const sick = { ...worse, respiratory_rate_per_min: 26, oxygen_saturation_percent: 91, pulse_bpm: 122 }

const warfarin = {
  name: 'Warfarin',
  dosage: '5 mg',
  route: 'oral',
  frequency: 'daily',
  duration_days: 30,
  quantity: 30,
}
const ibuprofen = { ...warfarin, name: 'Ibuprofen', dosage: '400 mg', frequency: 'every 8 hours', duration_days: 5 }

export const usualNames: readonly Names[] = [
  { first_name: 'Amelia', last_name: 'Okafor' },
  { first_name: 'Beatriz', last_name: 'Lindqvist' },
  { first_name: 'Daniel', last_name: 'Ferreira da Silva' },
  { first_name: 'Chiara', last_name: 'Nakamura' },
  { first_name: 'Emeka', last_name: 'Novák' },
  { first_name: 'Farah', last_name: 'Haddad' },
  { first_name: 'Grace', last_name: 'O’Connor' },
  { first_name: 'Hugo', last_name: 'Martínez' },
]

/** Sixty letters and no place to break them, each another. */
export const longNames: readonly Names[] = Array.from({ length: usualNames.length }, (_, at) => ({
  first_name: String.fromCodePoint(65 + at).repeat(60),
  last_name: `Wolfeschlegelsteinhausenbergerdorffwelchevoralternwaren${at}`.padEnd(60, 'x'),
}))

export type House = { administrator: Caller; department_id: string }

/** People of each kind with nothing to do yet; the nurse and the doctor are of this department. */
export async function hire({ administrator, department_id }: House, names: readonly Names[]) {
  const name = (at: number) => names[at % names.length] ?? usualNames[0]
  const hired = async (role: string, at: number) => createColleague(administrator, role, department_id, name(at))
  const doctor = await createDoctor(administrator, { department_id, ...named(name(5)), specialization: 'Neurology' })
  const patient = await registerAlone(administrator.port, name(0))
  return {
    receptionist: await hired('staff', 6),
    nurse: await hired('nurse', 7),
    doctor,
    patient,
    administrator: await createColleague(administrator, 'admin', undefined, name(3)),
    auditor: await createColleague(administrator, 'auditor', undefined, name(4)),
  }
}
const named = (names: Names | undefined) => (names ? { names } : {})

export type Staff = Awaited<ReturnType<typeof hire>>

/** The patient among them as a record, before anything has happened to them: one visit, and nothing in it. */
export async function arrive({ administrator }: House, { doctor, patient }: Staff): Promise<Ids> {
  const me = await patient.caller.ask('GET', '/api/v1/auth/me')
  const { patient_id } = JSON.parse(me.text) as { patient_id: string }
  const { id: visit_id } = await made(administrator, 'POST', '/visits', visitOf(patient_id, doctor.doctor_id))
  const starts = await freeStarts(administrator, doctor.doctor_id)
  const time = String(starts[10])
  const unknown = '019b0a52-7f3e-7c3c-8a1d-0f4a6f0f2b11'
  return {
    patient_id,
    visit_id,
    doctor_id: doctor.doctor_id,
    user_id: doctor.user_id,
    assessment_id: unknown,
    prescription_id: unknown,
    draft_id: unknown,
    webhook_id: unknown,
    day: time.slice(0, 10),
    time,
  }
}

const visitOf = (patient_id: string, doctor_id: string | undefined, priority = 3) => ({
  patient_id,
  chief_complaint: 'Chest pain since yesterday',
  priority,
  ...(doctor_id && { doctor_id }),
})

/** A day of work: what was asked for, found, ordered, booked and refused. */
export async function live(house: House, staff: Staff, ids: Ids, names: readonly Names[]): Promise<Ids> {
  const { administrator, department_id } = house
  const { doctor, nurse } = staff
  const { patient_id, visit_id } = ids
  const others: string[] = []
  for (const name of names.slice(1)) {
    const person = { ...nextPerson(), ...name, force: true }
    others.push((await made(administrator, 'POST', '/patients', person)).id)
  }
  const become = (of: string, status: string) => made(administrator, 'PUT', `/visits/${of}/status`, { status })
  const queued: string[] = []
  for (const [at, other] of others.slice(0, 4).entries())
    queued.push((await made(administrator, 'POST', '/visits', visitOf(other, doctor.doctor_id, (at % 4) + 1))).id)

  const assess = async (of: string, vital_signs: object, hours: number) => {
    const taken_at = Temporal.Now.instant().subtract({ hours }).toString()
    const draft = await made(nurse.caller, 'POST', `/visits/${of}/nursing-assessment`, { vital_signs, taken_at })
    await made(nurse.caller, 'POST', `/assessments/${draft.id}/finalize`, {})
  }
  for (const of of [visit_id, ...queued.slice(0, 2)]) await become(of, 'triaged')
  for (const [hours, signs] of [
    [46, well],
    [30, { ...well, pulse_bpm: 84 }],
    [18, worse],
    [6, worse],
    [1, sick],
  ] as const)
    await assess(visit_id, signs, hours)
  await assess(String(queued[0]), well, 2)
  await become(visit_id, 'in_progress')
  const clinical = await treat(staff, ids)

  const reason = 'Unconscious, allergies needed'
  const stranger = await createColleague(administrator, 'nurse', undefined, names[2])
  const last = String(others.at(-1))
  await made(stranger.caller, 'POST', `/patients/${last}/emergency-access`, { reason })
  await stranger.caller.ask('GET', `/api/v1/patients/${last}`)
  await book(house, staff, ids, others)
  await furnish(administrator, patient_id, others)
  const webhook = { url: 'https://integration.example.org/openward', description: 'Laboratory', types: ['visit.*'] }
  const { id: webhook_id } = await made(administrator, 'POST', '/webhooks', webhook)
  await become(String(queued[2]), 'triaged')
  const invited = { email: 'ida.invited@example.org', first_name: 'Ida', last_name: 'Invited', role: 'nurse' }
  await made(administrator, 'POST', '/users', { ...invited, department_id })
  return { ...ids, ...clinical, webhook_id }
}

/** What a doctor does for one patient. */
async function treat({ doctor, administrator }: Staff, { patient_id, visit_id }: Ids) {
  const { caller } = doctor
  const of = `/patients/${patient_id}`
  await made(caller, 'POST', `${of}/allergies`, { substance: 'Penicillin', reaction: 'Hives', severity: 'severe' })
  await made(caller, 'POST', `${of}/conditions`, { text: 'Atrial fibrillation', icd10_code: 'I48.0' })
  const prescribe = (medicine: object) =>
    made(caller, 'POST', '/prescriptions', { patient_id, visit_id, medicines: [medicine] })
  const { id: prescription_id } = await prescribe(warfarin)
  await made(caller, 'POST', `/prescriptions/${prescription_id}/sign`, {})
  const { id: draft_id } = await prescribe(ibuprofen)
  const reading = {
    modality: 'CT',
    body_site: 'Chest',
    clinical_indication: 'Pain since yesterday',
    safety: { pregnancy: false },
    findings: 'A filling defect, right pulmonary artery.',
    impression: 'Pulmonary embolism.',
    is_critical: true,
  }
  const { id: assessment_id } = await made(caller, 'POST', `/visits/${visit_id}/radiology-assessment`, reading)
  await made(caller, 'POST', `/assessments/${assessment_id}/finalize`, { as: 'final' })
  const note = (content: object) => made(caller, 'POST', `/visits/${visit_id}/notes`, { kind: 'soap', content })
  const { id: signed_id } = await note({ subjective: 'Chest pain when breathing in.', plan: 'CT of chest.' })
  await made(caller, 'POST', `/notes/${signed_id}/sign`)
  await note({ subjective: 'Less pain since noon.', objective: 'Clear lungs, no oedema.' })
  const form = new FormData()
  form.set('patient_id', patient_id)
  form.set('visit_id', visit_id)
  form.set('title', 'Letter to family doctor')
  form.set('file', new Blob(['All is well.'], { type: 'text/plain' }), 'letter.txt')
  const headers = { authorization: `Bearer ${administrator.caller.tokens.access_token}` }
  const url = `http://127.0.0.1:${caller.port}/api/v1/documents`
  const uploaded = await fetch(url, { method: 'POST', headers, body: form })
  if (uploaded.status !== 201) throw new Error(await uploaded.text())
  return { assessment_id, prescription_id, draft_id }
}

/** Appointments of tomorrow and later, one that was cancelled, and somebody who waits for an earlier one. */
async function book({ administrator }: House, { doctor, patient }: Staff, ids: Ids, others: readonly string[]) {
  const { doctor_id } = doctor
  const starts = await freeStarts(administrator, doctor_id)
  const appointment = (patient_id: string, at: number, reason: string) =>
    made(administrator, 'POST', '/appointments', { patient_id, doctor_id, appointment_time: starts[at], reason })
  await appointment(ids.patient_id, 4, 'Headaches')
  await appointment(ids.patient_id, 200, 'Follow-up')
  const { id } = await appointment(ids.patient_id, 120, 'Second opinion')
  await administrator.ask('DELETE', `/api/v1/appointments/${id}`, { reason: 'Feeling better' })
  for (const [at, other] of others.entries()) await appointment(other, at * 3, 'Check-up')
  // Whoever is still expected today; late in the evening that is nobody.
  const today = Temporal.Now.plainDateISO('UTC')
  const left = await freeStartsBetween(administrator, doctor_id, today, today)
  for (const [at, patient_id] of others.slice(4).entries())
    if (left[at]) {
      const body = { patient_id, doctor_id, appointment_time: left[at], reason: 'Check-up' }
      await made(administrator, 'POST', '/appointments', body)
    }
  const days = { from_date: ids.day, to_date: ids.day }
  await made(patient.caller, 'POST', '/waitlist', { doctor_id, ...days })
  await made(administrator, 'POST', '/waitlist', { patient_id: others[0], specialization: 'Neurology', ...days })
}

async function furnish(administrator: Caller, patient_id: string, others: readonly string[]) {
  const add = (resource: object) => made(administrator, 'POST', '/resources', resource)
  const beds: string[] = []
  for (const number of [1, 2, 3, 4])
    beds.push((await add({ type: 'bed', name: `Bed ${number}`, code: `E-${number}`, ward: 'Emergency ward' })).id)
  await add({ type: 'room', name: 'Examination room', code: 'ROOM-1', ward: 'Emergency ward' })
  for (const [at, who] of [patient_id, others[3]].entries())
    await made(administrator, 'POST', `/resources/${beds[at]}/assign`, { patient_id: who })
}
