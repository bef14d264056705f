// What a former system knew of people comes in through the API: each row is recorded or refused with a reason, none twice, none lost.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createClient, type Send } from '#platform/contract/client.ts'
import { limitMaterial, type Material, readMaterial, recorded_files, type Row } from '../../bench/records/material.ts'
import { openReport, type Report } from '../../bench/records/outcomes.ts'
import { recordAll } from '../../bench/records/record-all.ts'
import { sendAs, sendTo } from '../../bench/records/connection.ts'
import { assessmentApi } from '../../server/modules/assessments/assessment.contract.ts'
import { allergyApi } from '../../server/modules/chart/allergy.contract.ts'
import { prescriptionApi } from '../../server/modules/prescriptions/prescription.contract.ts'
import { visitApi } from '../../server/modules/visits/visit.contract.ts'
import { type Caller, signIn } from '../caller.ts'
import { type Hospital, startHospital } from '../shapes.ts'

const folder = join(import.meta.dirname, '../../../shared/material/synthea')
const missing = existsSync(folder) ? false : 'the synthetic people are not beside this checkout'
/** Of the first some are enough where only the shape is another. */
const people = process.env['OPENWARD_TEST_SHAPE'] === undefined ? 20 : 5
const password = 'cobble lamp river quartz'

let hospital: Hospital
let administrator: Caller
let sendToHospital: Send
let directory: string
let material: Material
let path: string
before(async () => {
  hospital = await startHospital({ environment: { LOG_LEVEL: 'warn' } })
  administrator = await signIn(hospital.port)
  sendToHospital = sendTo(`http://127.0.0.1:${hospital.port}`)
  directory = mkdtempSync(join(tmpdir(), 'openward-records-'))
  path = join(directory, 'report.ndjson')
})
after(async () => {
  if (directory) rmSync(directory, { recursive: true })
  await hospital?.stop()
})

const open = (file = path) => openReport(file, { material: material.digest, server: 'the test' })
const record = (report: Report, of = material, send = sendToHospital) =>
  recordAll({ send, sendAsAdministrator: administrator.send, password, at_once: 4 }, of, report, () => undefined)

/** How much there is of everything that a second run could add. */
async function counts() {
  const tables = [
    'patients',
    'visits',
    'assessments',
    'assessment_versions',
    'allergies',
    'prescriptions',
    'users',
    'departments',
  ]
  const rows = await Promise.all(
    tables.map((table) => hospital.cluster.rows<{ count: number }>(`select count(*)::int as count from ${table}`)),
  )
  return Object.fromEntries(tables.map((table, at) => [table, rows[at]?.[0]?.count ?? 0]))
}

test(
  'people of a former record are recorded, read back as they were in the file, and never twice',
  { skip: missing },
  async (t) => {
    material = limitMaterial(readMaterial(folder), people)
    const report = open()
    const sums = await record(report)
    t.diagnostic(JSON.stringify(sums))
    for (const { file, rows, done, draft, refused } of sums) {
      assert.equal(rows, material[file].length)
      assert.equal(done + draft + Object.values(refused).reduce((all, one) => all + one, 0), rows, file)
      assert.equal(done, rows, `${file}: ${JSON.stringify(refused)}`)
    }
    assert.ok(material.vitals.length > 10 * people && material.medication_requests.length > people)

    const send = (role: string) => sendAs(sendToHospital, { email: `former-records.${role}@example.org`, password })
    const [nurse, doctor] = [createClient(send('nurse')), createClient(send('doctor'))]
    const idOfRow = (file: 'patients' | 'vitals' | 'allergies' | 'medication_requests', { row }: Row) =>
      report.find(file, row)?.id ?? ''

    const fields: Record<string, string> = {
      '8302-2': 'height_cm',
      '29463-7': 'weight_kg',
      '8480-6': 'blood_pressure_systolic',
      '8462-4': 'blood_pressure_diastolic',
      '8331-1': 'temperature_celsius',
      '72514-3': 'pain_intensity',
    }
    let compared = 0
    for (const [assessment_id, rows] of Map.groupBy(material.vitals, (row) => idOfRow('vitals', row))) {
      const { status, nursing, derived } = await nurse(assessmentApi.get, { params: { assessment_id } })
      assert.equal(status, 'final')
      for (const { fields: told } of rows) {
        const { loinc = '', value, time = '' } = told
        assert.equal(Date.parse(nursing?.taken_at ?? ''), Date.parse(time))
        const signs = { ...nursing?.vital_signs, bmi: derived?.bmi } as Record<string, number | null | undefined>
        const read = signs[loinc === '39156-5' ? 'bmi' : (fields[loinc] ?? '')]
        const step = ['8302-2', '29463-7', '8331-1'].includes(loinc) ? 0.05 : loinc === '39156-5' ? 0.15 : 0.5
        assert.ok(Math.abs((read ?? Number.NaN) - Number(value)) <= step + 1e-9, `${loinc}: ${read} for ${value}`)
        compared += 1
      }
    }
    assert.equal(compared, material.vitals.length)

    for (const person of material.patients) {
      const params = { patient_id: idOfRow('patients', person) }
      const own = (rows: readonly Row[]) =>
        rows.filter(({ fields: told }) => told['patient'] === person.fields['external_id'])
      const { items: visits } = await nurse(visitApi.listOfPatient, { params, query: { limit: '100' } })
      assert.deepEqual(new Set(visits.map(({ status }) => status)), new Set(['completed']))
      assert.equal(visits.length, new Set(own(material.vitals).map(({ fields: told }) => told['time'])).size)
      const { items: allergies } = await nurse(allergyApi.list_allergies, { params, query: { limit: '100' } })
      assert.deepEqual(
        allergies.map(({ substance, code }) => `${substance} ${code}`).toSorted(),
        own(material.allergies)
          .map(({ fields: told }) => `${told['display']} ${told['code']}`)
          .toSorted(),
      )
      const { items: prescriptions } = await doctor(prescriptionApi.listOfPatient, { params, query: { limit: '100' } })
      assert.deepEqual(
        prescriptions.map(({ status, medicines }) => `${medicines[0]?.name} ${status}`).toSorted(),
        own(material.medication_requests)
          .map(({ fields: told }) => `${told['display']} ${told['status'] === 'stopped' ? 'cancelled' : 'signed'}`)
          .toSorted(),
      )
    }

    const before_again = await counts()
    await record(open())
    assert.deepEqual(await counts(), before_again)
    // Without its report, a run gets the answers that were given before.
    const again = open(join(directory, 'another.ndjson'))
    await record(again)
    assert.deepEqual(await counts(), before_again)
    const files = recorded_files.flatMap((file) => material[file].map(({ row }) => ({ file, row })))
    const different = files.filter(({ file, row }) => again.find(file, row)?.id !== report.find(file, row)?.id)
    assert.deepEqual(
      different.map((one) => ({ ...one, was: report.find(one.file, one.row), is: again.find(one.file, one.row) })),
      [],
    )
  },
)

const rowsOf = (fields: readonly Record<string, string>[]): Row[] =>
  fields.map((one, at) => ({ row: at + 1, fields: one }))
const person = (external_id: string, body: Record<string, string> = {}) => ({
  external_id,
  first_name: 'Noor',
  last_name: `Former${external_id}`,
  date_of_birth: '1970-03-04',
  gender: 'FEMALE',
  phone_primary: '(415) 555-2671',
  national_id: '',
  ...body,
})
const at = '2019-06-23T02:43:19+00:00'
const sign = (loinc: string, value: string, ucum: string, time = at) => ({ patient: 'A', time, loinc, value, ucum })
const request = (display: string, status: string, authored = at) => ({
  patient: 'A',
  authored,
  status,
  rxnorm: '1',
  display,
})

/** People of our own, with everything that is refused. */
const difficult: Material = {
  digest: 'difficult',
  patients: rowsOf([
    person('A', { national_id: 'S99942380' }),
    person('B', { national_id: 'S99942380' }),
    person('C', { date_of_birth: '1970-02-30' }),
  ]),
  vitals: rowsOf([
    sign('8302-2', '170.04', 'cm'),
    sign('29463-7', '70', 'kg'),
    sign('39156-5', '24.2', 'kg/m2'),
    sign('8480-6', '121.6', ''),
    sign('8462-4', '16', ''),
    sign('8480-6', '131.4', 'mm[Hg]'),
    sign('8331-1', '98.6', '[degF]'),
    sign('1234-5', '1', ''),
    sign('8331-1', '', 'Cel'),
    sign('29463-7', '700', 'kg', '2020-01-01T00:00:00Z'),
    sign('72514-3', '2', '{score}', '2020-01-01T00:00:00Z'),
    sign('39156-5', '20', 'kg/m2', '2020-01-01T00:00:00Z'),
    sign('29463-7', '70', 'kg', '2021-01-01T00:00:00Z'),
    sign('8302-2', '170', 'cm', '2021-01-01T00:00:00Z'),
    sign('39156-5', '30', 'kg/m2', '2021-01-01T00:00:00Z'),
    { ...sign('29463-7', '70', 'kg'), patient: 'C' },
  ]),
  allergies: rowsOf([
    { patient: 'A', code: '91936005', display: 'Allergy to penicillin', criticality: 'high', category: 'medication' },
    { patient: 'B', code: 'a b', display: 'Latex allergy', criticality: 'low', category: 'food' },
  ]),
  medication_requests: rowsOf([
    request('Amoxicillin 250 MG Oral Capsule', 'active'),
    request('Ibuprofen 200 MG Oral Tablet', 'stopped', '2018-01-01T00:00:00Z'),
    request('', 'active'),
  ]),
  encounters: [],
}

test('what is refused is said row by row, beside what is recorded; a run that is cut off is taken up where it ended', async () => {
  const file = join(directory, 'difficult.ndjson')
  const reportOfIt = () => openReport(file, { material: difficult.digest, server: 'the test' })
  let left = 25
  const breaking: Send = async (asked) => {
    // After the server has done it: the answer is lost.
    const answer = await sendToHospital(asked)
    if ((left -= 1) < 0) throw new Error('the line is cut')
    return answer
  }
  let runs = 0
  for (; ; runs += 1) {
    const cut = await record(reportOfIt(), difficult, breaking).then(
      () => false,
      () => true,
    )
    if (!cut) break
    left = 12
    assert.ok(runs < 20, 'it comes no further')
  }
  assert.ok(runs > 1, `cut off ${runs} times`)

  const report = reportOfIt()
  const told = (name: 'patients' | 'vitals' | 'allergies' | 'medication_requests') =>
    difficult[name].map(({ row }) => {
      const { outcome, code } = report.find(name, row) ?? {}
      return code ?? outcome
    })
  assert.deepEqual(told('patients'), ['done', 'done', 'invalid_date'])
  assert.deepEqual(told('vitals'), [
    'done',
    'done',
    'done',
    'done',
    'other_unit',
    'done',
    'other_unit',
    'unknown_measure',
    'not_a_number',
    'invalid_request',
    'done',
    'bmi_alone',
    'done',
    'done',
    'bmi_differs',
    'patient_refused',
  ])
  assert.match(report.find('vitals', 10)?.sentence ?? '', /weight_kg/)
  assert.deepEqual(told('allergies'), ['done', 'invalid_request'])
  assert.deepEqual(told('medication_requests'), ['done', 'done', 'invalid_request'])
  assert.match(report.find('medication_requests', 1)?.note ?? '', /^overridden: /)

  const patient_id = report.find('patients', 1)?.id ?? ''
  const count = (table: 'visits' | 'assessments' | 'prescriptions' | 'allergies') =>
    hospital.cluster.rows<{ count: number }>(`select count(*)::int as count from ${table} where patient_id = $1`, [
      patient_id,
    ])
  // Two pressures of one time are two assessments of one visit.
  assert.deepEqual(await Promise.all((['visits', 'assessments', 'prescriptions', 'allergies'] as const).map(count)), [
    [{ count: 3 }],
    [{ count: 4 }],
    [{ count: 2 }],
    [{ count: 1 }],
  ])
})
