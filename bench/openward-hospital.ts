// The people who work in the measured hospital, made through the API: a desk, doctors with free slots, one who treats many.
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { LoadRequest } from './load/load.ts'
import { type Account, type Call, createSignIn, type Headers } from './openward-client.ts'

// Enough free slots for every measurement of a run: 128 weekdays × 64 a day × 20.
const doctor_count = 20
const treated_count = 1000
const assessed_count = 500
const sessions_of_one = 25
const horizon_days = 178
const slots_window_days = 28

const Id = z.object({ id: z.string() })
const Slots = z.object({ items: z.array(z.object({ start: z.string() })) })
const PatientPage = z.object({ items: z.array(z.object({ id: z.string() })), next_cursor: z.string().nullish() })

export type Hospital = {
  headersOfStaff: () => Promise<Headers>
  treatingDoctor: () => Promise<{ headers: Headers; patient_ids: readonly string[] }>
  createBookings: () => Promise<readonly LoadRequest[]>
  /** A nurse, and the visits in which they have begun an assessment, each of another patient. */
  assessingNurse: () => Promise<{ headers: Headers; visit_ids: readonly string[] }>
  /** People at the desk. */
  createStaff: (count: number) => Promise<readonly Account[]>
  /** Of people at the desk, each signed in several times. */
  createSessions: (count: number) => Promise<readonly Headers[]>
  /** From free slot number `first` on. */
  createRaces: (slots: number, racers: number, first?: number) => Promise<readonly (readonly LoadRequest[])[]>
}

/** Of those who are there at the beginning. */
export const booked_people = 8000

type Doctor = { id: string; headers: () => Promise<Headers> }

async function createAccount(
  call: Call,
  headers: Headers,
  role: string,
  number: number,
  department_id: string,
): Promise<Account> {
  const account: Account = { email: `${role}.${number}@example.org`, password: randomBytes(24).toString('base64url') }
  const names = { first_name: 'Robin', last_name: `Measured${number}` }
  await call('POST', '/api/v1/users', { headers, body: { ...account, ...names, role, department_id } })
  return account
}

async function createDoctor(call: Call, headers: Headers, number: number, department_id: string): Promise<Doctor> {
  const headersOfDoctor = createSignIn(call, await createAccount(call, headers, 'doctor', number, department_id))
  const profile = {
    specialization: 'General medicine',
    license_number: `LIC-${number}`,
    location: 'Main building',
    languages: ['en'],
    consultation_minutes: 15,
    available_from: '06:00',
    available_to: '22:00',
    timezone: 'UTC',
  }
  const made = await call('POST', '/api/v1/doctors/profile', { headers: await headersOfDoctor(), body: profile })
  return { id: Id.parse(made).id, headers: headersOfDoctor }
}

/** The first to be registered; the later ones fill the calendars of others (openward-calendars.ts). */
async function listPatientIds(call: Call, headers: Headers): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | null | undefined = ''
  while (cursor !== null && cursor !== undefined) {
    const query = cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''
    const page = PatientPage.parse(await call('GET', `/api/v1/patients?limit=100${query}`, { headers }))
    ids.push(...page.items.map(({ id }) => id))
    cursor = page.next_cursor
  }
  return ids.toSorted().slice(0, booked_people)
}

/** The starts of a doctor's free slots from the day after tomorrow to the end of the booking horizon. */
async function listFreeStarts(call: Call, doctor_id: string): Promise<string[]> {
  const starts: string[] = []
  const today = Temporal.Now.plainDateISO('UTC')
  for (let day = 2; day <= horizon_days; day += slots_window_days) {
    const from = today.add({ days: day })
    const to = today.add({ days: Math.min(day + slots_window_days - 1, horizon_days) })
    const slots = await call('GET', `/api/v1/doctors/${doctor_id}/slots?from=${from.toString()}&to=${to.toString()}`)
    starts.push(...Slots.parse(slots).items.map(({ start }) => start))
  }
  return starts
}

const toBooking = (doctor_id: string, patient_id: string | undefined, appointment_time: string): LoadRequest => ({
  method: 'POST',
  path: '/api/v1/appointments',
  body: { doctor_id, patient_id, appointment_time },
})

/** Two doctors are set apart: one to treat, one to be raced for. */
export async function createHospital(call: Call, headersOfAdmin: () => Promise<Headers>): Promise<Hospital> {
  const headers = await headersOfAdmin()
  const department = { name: 'General medicine', code: 'GEN' }
  const department_id = Id.parse(await call('POST', '/api/v1/departments', { headers, body: department })).id
  const headersOfStaff = createSignIn(call, await createAccount(call, headers, 'staff', 1, department_id))
  const treating = await createDoctor(call, headers, 1, department_id)
  const raced = await createDoctor(call, headers, 2, department_id)
  const patient_ids = await listPatientIds(call, headers)

  let desks = 1
  const createStaff = async (count: number) => {
    const accounts: Account[] = []
    while (accounts.length < count)
      accounts.push(await createAccount(call, await headersOfAdmin(), 'staff', (desks += 1), department_id))
    return accounts
  }
  let treated: Promise<readonly string[]> | undefined
  const bookTreated = async () => {
    const starts = (await listFreeStarts(call, treating.id)).slice(0, treated_count)
    for (const [at, start] of starts.entries()) {
      const { body } = toBooking(treating.id, patient_ids[at], start)
      await call('POST', '/api/v1/appointments', { headers: await headersOfStaff(), body })
    }
    return patient_ids.slice(0, starts.length)
  }

  let bookings: Promise<readonly LoadRequest[]> | undefined
  const listBookings = async () => {
    const doctors: Doctor[] = []
    for (let number = 3; number < 3 + doctor_count; number++)
      doctors.push(await createDoctor(call, await headersOfAdmin(), number, department_id))
    const starts_of_doctors = await Promise.all(doctors.map(({ id }) => listFreeStarts(call, id)))
    // At one time every doctor sees another patient, because they are a stride apart; the treated are left out.
    const others = patient_ids.slice(treated_count)
    const stride = Math.floor(others.length / doctor_count)
    const bookings = doctors.flatMap(({ id }, doctor) =>
      (starts_of_doctors[doctor] ?? []).map((start, at) =>
        toBooking(id, others[(doctor * stride + at) % others.length], start),
      ),
    )
    // Doctors in turns, so that fifty connections do not all write beside each other.
    const per_doctor = Math.ceil(bookings.length / doctor_count)
    return bookings
      .map((booking, at) => ({ booking, order: (at % per_doctor) * doctor_count + Math.floor(at / per_doctor) }))
      .toSorted((left, right) => left.order - right.order)
      .map(({ booking }) => booking)
  }

  let assessed: Promise<{ headers: () => Promise<Headers>; visit_ids: string[] }> | undefined
  const beginAssessments = async () => {
    const nurse = createSignIn(call, await createAccount(call, await headersOfAdmin(), 'nurse', 1, department_id))
    const visit_ids: string[] = []
    for (const patient_id of patient_ids.slice(-assessed_count)) {
      const visit = { patient_id, type: 'outpatient', department_id }
      const { id } = Id.parse(await call('POST', '/api/v1/visits', { headers: await nurse(), body: visit }))
      const draft = { vital_signs: { pulse_bpm: 80 } }
      await call('POST', `/api/v1/visits/${id}/nursing-assessment`, { headers: await nurse(), body: draft })
      visit_ids.push(id)
    }
    return { headers: nurse, visit_ids }
  }

  return {
    headersOfStaff,
    async assessingNurse() {
      assessed ??= beginAssessments()
      const { headers, visit_ids } = await assessed
      return { headers: await headers(), visit_ids }
    },
    async treatingDoctor() {
      treated ??= bookTreated()
      return { patient_ids: await treated, headers: await treating.headers() }
    },
    createBookings: () => (bookings ??= listBookings()),
    createStaff,
    async createSessions(count) {
      const sessions: Headers[] = []
      for (const account of await createStaff(Math.ceil(count / sessions_of_one))) {
        const several = Array.from({ length: Math.min(sessions_of_one, count - sessions.length) })
        sessions.push(...(await Promise.all(several.map(() => createSignIn(call, account)()))))
      }
      return sessions
    },
    async createRaces(slots, racers, first = 0) {
      const starts = (await listFreeStarts(call, raced.id)).slice(first, first + slots)
      const patientOf = (at: number) => patient_ids[at % patient_ids.length]
      return starts.map((start, slot) =>
        Array.from({ length: racers }, (_, racer) => toBooking(raced.id, patientOf(slot * racers + racer), start)),
      )
    },
  }
}
