// Patients, whom to call for them, who pays, and emergency access.
import { randomUUID } from 'node:crypto'
import { sql } from '#platform/database/sql.ts'
import type { Person } from '../../server/testing.ts'
import { adminOnly, type Asked, only, type Row } from './row.ts'
import { newPatient } from './given.ts'
import { type Subject, type World } from './world.ts'

// `patients:read` and `:update`: all for admin and staff, department + treated for doctors, department for nurses, own.
const chart = only('own treating nurse staff admin', 'other away_doctor away_nurse')
/** Of what is no contact detail, a patient may change nothing. */
const chartOfStaff = only('treating nurse staff admin', 'other away_doctor away_nurse')
/** A list in one's own reach: nobody is refused who holds the right in some scope. */
const lists = only('own other treating away_doctor nurse away_nurse staff admin')
/** Whoever finds patients: everyone who registers, books or treats; never a patient, never who only audits. */
const finders = only('treating away_doctor nurse away_nurse staff admin')

const contact = { name: 'Eva Ruiz', relationship: 'sister', phone: '+14155550123' }
const insurance = () => ({
  provider_name: 'Aetna',
  policy_number: randomUUID(),
  coverage_start_date: '2020-01-01',
  currency: 'USD',
})
const at = ({ ids }: Subject, path = '') => `/api/v1/patients/${ids['patient_id']}${path}`

export const patientRows: readonly Row[] = [
  { operation: 'POST /api/v1/patients', expect: finders, ask: () => ({ body: newPatient() }) },
  { operation: 'GET /api/v1/patients', expect: lists },
  { operation: 'GET /api/v1/patients/search', expect: finders, finds: true, ask: () => ({ query: { q: 'ruiz' } }) },
  { operation: 'POST /api/v1/patients/search', expect: finders, finds: true },
  {
    operation: 'POST /api/v1/patients/cards',
    expect: finders,
    finds: true,
    ask: ({ ids }) => ({ body: { patient_ids: [ids['patient_id']] } }),
  },
  { operation: 'GET /api/v1/patients/{patient_id}', expect: chart },
  {
    operation: 'PATCH /api/v1/patients/{patient_id}',
    expect: chart,
    ask: () => ({ body: { phone_primary: '+14155550199' } }),
  },
  {
    operation: 'PATCH /api/v1/patients/{patient_id}',
    when: 'a name, which is no contact detail',
    expect: { ...chartOfStaff, own: 403 },
    ask: () => ({ body: { last_name: `Changed ${randomUUID().replaceAll(/[^a-f]/g, '')}` } }),
  },
  {
    operation: 'PUT /api/v1/patients/{patient_id}',
    expect: { ...chartOfStaff, own: 403 },
    ask: () => ({ body: newPatient() }),
  },
  {
    operation: 'DELETE /api/v1/patients/{patient_id}',
    expect: adminOnly,
    ask: () => ({ query: { cancel_appointments: 'true' } }),
    entries: 3,
  },
  {
    operation: 'DELETE /api/v1/patients/{patient_id}',
    when: 'while they are expected',
    expect: adminOnly,
    never_succeeds: 'an appointment stands',
  },
  {
    operation: 'POST /api/v1/patients/{patient_id}/restore',
    expect: adminOnly,
    prepare: async (subject, { maker }) =>
      void (await done(maker, 'DELETE', `${at(subject)}?cancel_appointments=true`)),
  },

  { operation: 'GET /api/v1/patients/{patient_id}/emergency-contacts', expect: chart },
  { operation: 'POST /api/v1/patients/{patient_id}/emergency-contacts', expect: chart, ask: () => ({ body: contact }) },
  {
    operation: 'PUT /api/v1/patients/{patient_id}/emergency-contacts/{contact_id}',
    expect: chart,
    ask: () => ({ body: contact }),
  },
  { operation: 'DELETE /api/v1/patients/{patient_id}/emergency-contacts/{contact_id}', expect: chart },
  { operation: 'GET /api/v1/patients/{patient_id}/insurances', expect: chart },
  {
    operation: 'POST /api/v1/patients/{patient_id}/insurances',
    expect: { ...chartOfStaff, own: 403 },
    ask: () => ({ body: insurance() }),
  },
  {
    operation: 'PUT /api/v1/patients/{patient_id}/insurances/{insurance_id}',
    expect: { ...chartOfStaff, own: 403 },
    ask: () => ({ body: insurance() }),
  },
  {
    operation: 'DELETE /api/v1/patients/{patient_id}/insurances/{insurance_id}',
    expect: { ...chartOfStaff, own: 403 },
  },
  {
    operation: 'POST /api/v1/patients/{patient_id}/insurances/{insurance_id}/verify',
    expect: { ...chartOfStaff, own: 403 },
  },

  // Emergency access: clinicians open, administrators review, the patient sees it in the access log.
  {
    operation: 'POST /api/v1/patients/{patient_id}/emergency-access',
    expect: only('treating away_doctor nurse away_nurse'),
  },
  { operation: 'GET /api/v1/emergency-accesses', expect: adminOnly, finds: true },
  {
    operation: 'POST /api/v1/emergency-accesses/{emergency_access_id}/review',
    expect: adminOnly,
    prepare: async (subject, world) => {
      const nurse = await world.personOf('away_nurse', subject)
      const made = await done(nurse, 'POST', at(subject, '/emergency-access'), {
        reason: 'Unconscious in the emergency room',
      })
      subject.ids['emergency_access_id'] = made.id
    },
  },
  { operation: 'GET /api/v1/patients/{patient_id}/access-log', expect: only('own admin auditor', 'other') },

  { operation: 'GET /api/v1/patients/duplicates', expect: adminOnly },
  { operation: 'GET /api/v1/patients/{patient_id}/merges', expect: adminOnly },
  {
    operation: 'POST /api/v1/patients/{patient_id}/merge',
    expect: adminOnly,
    prepare: addTwin,
    // One for each of the two.
    entries: 2,
  },
  {
    operation: 'POST /api/v1/patients/{patient_id}/unmerge',
    entries: 2,
    expect: adminOnly,
    prepare: async (subject, world) => {
      await addTwin(subject, world)
      const body = { merged_patient_id: subject.ids['merged_patient_id'], reason: 'Registered twice' }
      const made = await done(world.maker, 'POST', at(subject, '/merge'), body)
      subject.ids['merge_id'] = String(made['merge_id'])
    },
  },

  // Everything about a person: for the person and the administrator; its end: for the administrator.
  { operation: 'GET /api/v1/patients/{patient_id}/export', expect: only('own', 'other') },
  {
    operation: 'POST /api/v1/patients/{patient_id}/exports',
    expect: only('own admin', 'other'),
    ask: () => ({ body: { recipient: { name: 'Harbour Insurance' }, purpose: 'Claim' } }),
  },
  {
    operation: 'GET /api/v1/patient-exports/{export_id}',
    when: 'that somebody else asked for',
    expect: only('', 'own other admin'),
    prepare: async (subject, { maker }) => {
      const body = { recipient: { name: 'Harbour Insurance' }, purpose: 'Claim' }
      subject.ids['export_id'] = (await done(maker, 'POST', at(subject, '/exports'), body)).id
    },
    never_succeeds: 'whoever asked for it fetches it, which no row can say',
  },
  { operation: 'GET /api/v1/patients/{patient_id}/disclosures', expect: only('own admin', 'other') },
  {
    operation: 'POST /api/v1/patients/{patient_id}/disclosures',
    expect: { ...adminOnly, other: 404 },
  },
  {
    operation: 'PUT /api/v1/patients/{patient_id}/disclosures/{disclosure_id}/suspension',
    expect: { ...adminOnly, other: 404 },
    prepare: async (subject, { maker }) => {
      const body = {
        disclosed_at: '2026-03-02T09:00:00Z',
        recipient: { name: 'Harbour Insurance' },
        description: 'Letter',
        purpose: 'Claim',
      }
      subject.ids['disclosure_id'] = (await done(maker, 'POST', at(subject, '/disclosures'), body)).id
    },
  },
  { operation: 'GET /api/v1/patients/{patient_id}/retention', expect: adminOnly },
  { operation: 'GET /api/v1/retention', expect: adminOnly },
  { operation: 'PUT /api/v1/patients/{patient_id}/legal-hold', expect: adminOnly },
  {
    operation: 'POST /api/v1/patients/{patient_id}/erase',
    expect: adminOnly,
    never_succeeds: 'the retention of nobody is over here',
  },

  {
    operation: 'POST /api/v1/patients/import',
    expect: only('staff admin'),
    ask: () => form({ file: importFile, dry_run: 'true' }),
    entries: 'when its job ends',
  },
  {
    operation: 'GET /api/v1/patients/import/{import_id}',
    expect: only('staff admin'),
    prepare: async ({ ids }, { api, fixed }) => {
      const [row] = await api.rows<{ id: string }>(
        sql`insert into patient_imports (created_by, dry_run, status, finished_at) values (${fixed.staff.user_id}, true, 'finished', now()) returning id`,
      )
      ids['import_id'] = row?.id ?? ''
    },
  },
]

const importFile = 'first_name,last_name,date_of_birth,gender,phone_primary\nEva,Ruiz,1984-02-29,FEMALE,+14155550111\n'

/** As a browser sends a form with a file. */
function form(members: Record<string, string>): Asked {
  const parts = Object.entries(members).map(([name, value]) => {
    const file = name === 'file' ? '; filename="patients.csv"\r\ncontent-type: text/csv' : ''
    return `--part\r\ncontent-disposition: form-data; name="${name}"${file}\r\n\r\n${value}\r\n`
  })
  return { raw: `${parts.join('')}--part--\r\n`, headers: { 'content-type': 'multipart/form-data; boundary=part' } }
}

/** Another record, for merging with the one asked about. */
async function addTwin(subject: Subject, world: World) {
  const { text } = await world.maker.send({ method: 'GET', url: at(subject), headers: {} })
  const { first_name, last_name, date_of_birth, gender, phone_primary } = JSON.parse(text) as ReturnType<
    typeof newPatient
  >
  const twin = { first_name, last_name, date_of_birth, gender, phone_primary, force: true }
  subject.ids['merged_patient_id'] = (await done(world.maker, 'POST', '/api/v1/patients', twin)).id
}

async function done(
  person: Person | undefined,
  method: 'DELETE' | 'POST',
  url: string,
  body?: unknown,
): Promise<{ id: string; [member: string]: unknown }> {
  const sent =
    body === undefined
      ? { headers: {} }
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const answer = await person?.send({ method, url, ...sent })
  if (!answer || answer.status >= 300) throw new Error(`${method} ${url} could not be prepared: ${answer?.text}`)
  return JSON.parse(answer.text || '{}') as { id: string }
}
