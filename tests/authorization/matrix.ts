// Who may do what: every operation × everyone, as the table of roles, permissions and scopes says it (spec 2-domain). Read from
// that table, never from what the server does. `ok` is an answer, or a refusal that only comes after the authorization.
import { randomUUID } from 'node:crypto'
import { type Actor, actors, newPatient, nextSlot, type Subject, type World } from './world.ts'
import type { Person } from '../../server/testing.ts'

export type Verdict = 'ok' | 401 | 403 | 404
export type Asked = {
  query?: Record<string, string>
  body?: unknown
  params?: Record<string, string>
  headers?: Record<string, string>
  raw?: string
}
export type Row = {
  operation: string
  /** What sets this row apart from others of the same operation. */
  when?: string
  expect: Record<Actor, Verdict>
  ask?: (subject: Subject, person: Person | undefined) => Asked
  /** What the administrator does before each allowed request. */
  prepare?: (subject: Subject, world: World) => Promise<void>
  /** Refusals of the ok class whose status is not 409, 410, 412 or 422. */
  also?: number[]
  /** Finding is not opening: the answer may name patients out of reach. */
  finds?: boolean
  /** Why nobody gets a success here, where that is so. */
  never_succeeds?: string
  /** Audit entries of one success, where it is not the one that the contract names. */
  entries?: number
}

/** Strangers are asked who they are, everyone else is told that their role does not allow it; but for those named. */
function only(ok: string, hidden = ''): Record<Actor, Verdict> {
  const [allowed, out] = [ok.split(' '), hidden.split(' ')]
  return Object.fromEntries(
    actors.map((actor) => [
      actor,
      allowed.includes(actor) ? 'ok' : out.includes(actor) ? 404 : actor === 'anonymous' ? 401 : 403,
    ]),
  ) as Record<Actor, Verdict>
}
const everyone = only(actors.join(' '))
const signedIn = only(actors.slice(1).join(' '))
const adminOnly = only('admin')

// `patients:read` and `:update`: all for admin and staff, department + treated for doctors, department for nurses, own.
const chart = only('own treating nurse staff admin', 'other away_doctor away_nurse')
/** A list in one's own reach: nobody is refused who holds the right in some scope. */
const lists = only('own other treating away_doctor nurse away_nurse staff admin')
/** Whoever finds patients: everyone who registers, books or treats; never a patient, never who only audits. */
const finders = only('treating away_doctor nurse away_nurse staff admin')

export const matrix: readonly Row[] = [
  // Sign-in and session
  {
    operation: 'POST /api/v1/auth/login',
    expect: everyone,
    ask: () => ({ body: { username: randomUUID(), password: 'correct horse battery' } }),
    also: [401],
    never_succeeds: 'the account is of nobody',
  },
  {
    operation: 'POST /api/v1/auth/token',
    expect: everyone,
    ask: () => ({ body: { grant_type: 'password', username: randomUUID(), password: 'correct horse battery' } }),
    also: [400, 401],
    never_succeeds: 'the account is of nobody',
  },
  { operation: 'POST /api/v1/auth/refresh', expect: everyone, also: [401], never_succeeds: 'the token is of nobody' },
  { operation: 'GET /api/v1/auth/me', expect: signedIn },

  // Patients
  { operation: 'POST /api/v1/patients', expect: finders, ask: () => ({ body: newPatient() }) },
  { operation: 'GET /api/v1/patients', expect: lists },
  { operation: 'GET /api/v1/patients/search', expect: finders, finds: true, ask: () => ({ query: { q: 'ruiz' } }) },
  { operation: 'POST /api/v1/patients/search', expect: finders, finds: true },
  { operation: 'GET /api/v1/patients/{patient_id}', expect: chart },
  {
    operation: 'PATCH /api/v1/patients/{patient_id}',
    expect: chart,
    ask: () => ({ body: { phone_primary: '+14155550199' } }),
  },
  {
    operation: 'PATCH /api/v1/patients/{patient_id}',
    when: 'a name, which is not a contact detail',
    expect: { ...chart, own: 403 },
    ask: () => ({ body: { last_name: `Changed ${randomUUID().replaceAll(/[^a-f]/g, '')}` } }),
  },
  {
    operation: 'PUT /api/v1/patients/{patient_id}',
    expect: { ...chart, own: 403 },
    ask: () => ({ body: newPatient() }),
  },
  { operation: 'DELETE /api/v1/patients/{patient_id}', expect: adminOnly },
  {
    operation: 'POST /api/v1/patients/{patient_id}/restore',
    expect: adminOnly,
    prepare: ({ ids }, { fixed }) => done(fixed.admin, 'DELETE', `/api/v1/patients/${ids['patient_id']}`),
  },

  // Doctors: read by all; made and changed by the administrator, and by doctors for themselves.
  { operation: 'GET /api/v1/doctors', expect: everyone },
  { operation: 'GET /api/v1/doctors/{doctor_id}', expect: everyone },
  { operation: 'GET /api/v1/doctors/{doctor_id}/slots', expect: everyone },
  { operation: 'GET /api/v1/slots', expect: everyone },
  {
    operation: 'POST /api/v1/doctors',
    expect: only('admin', 'treating away_doctor'),
    ask: ({ ids }) => ({ body: { ...profile(), user_id: ids['new_doctor_user_id'] } }),
  },
  {
    operation: 'POST /api/v1/doctors/profile',
    expect: only('treating away_doctor admin'),
    ask: () => ({ body: profile() }),
    never_succeeds: 'both doctors have a profile already',
  },
  { operation: 'GET /api/v1/doctors/profile', expect: only('treating away_doctor', 'admin') },
  {
    operation: 'PUT /api/v1/doctors/profile',
    expect: only('treating away_doctor', 'admin'),
    ask: () => ({ body: profile() }),
  },
  {
    operation: 'PUT /api/v1/doctors/{doctor_id}',
    expect: only('treating admin', 'away_doctor'),
    ask: () => ({ body: profile() }),
  },

  // The audit log: everything for admin and auditor, a patient the accesses to their own record.
  { operation: 'GET /api/v1/audit-logs', expect: only('admin auditor own other') },
  { operation: 'GET /api/v1/audit-logs/verify', expect: only('admin auditor') },
  { operation: 'GET /api/v1/audit-logs/roots', expect: only('admin auditor') },
  {
    operation: 'GET /api/v1/authz/explain',
    expect: adminOnly,
    ask: ({ ids }) => ({ query: { user_id: ids['user_id'] ?? '', patient_id: ids['patient_id'] ?? '' } }),
  },
]

async function done(person: Person, method: 'DELETE' | 'POST', url: string) {
  const { status, text } = await person.send({ method, url, headers: {} })
  if (status >= 300) throw new Error(`${method} ${url} could not be prepared: ${text}`)
}

function profile() {
  return { specialization: 'Cardiology', license_number: randomUUID(), location: 'Main building' }
}
void nextSlot
