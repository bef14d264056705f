// What the copies say: who is here, with allergies, conditions and medicines by the same rules as everywhere else.
import { readChart } from '#modules/chart'
import { tryOpenCard } from '#modules/patients'
import { readCurrentMedicines } from '#modules/prescriptions'
import type { System } from '#platform/context.ts'
import { keyUnavailable, Problem } from '#platform/contract/problem.ts'
import type { Database } from '#platform/database/transaction.ts'
import { IntegrityError, KeyUnavailable } from '#platform/encryption/failures.ts'
import type { CopiedPatient } from './copy-content.ts'
import { listDepartments, listPresent, type PresentRow } from './copy.store.ts'

export type Ward = { department: string; code: string; patients: CopiedPatient[] }
type Chart = Pick<CopiedPatient, 'allergies' | 'conditions' | 'medicines'>

/** Three statements for each patient, in one round trip. */
const mostAtOnce = 8
const ended: ReadonlySet<string> = new Set(['inactive', 'remission', 'resolved'])

/** One for each department, also where nobody is there; and one for beds of no department, where somebody lies in one. */
export async function gatherWards(system: Pick<System, 'keys'>, database: Database): Promise<Ward[]> {
  const [departments, rows] = await database.once((tx) =>
    Promise.all([tx.rows(listDepartments()), tx.rows(listPresent())]),
  )
  const present = rows.filter(({ wrapped }) => wrapped !== null)
  const patient_ids = [...new Set(present.map(({ id }) => id))]
  const charts = new Map<string, Chart>()
  for (let at = 0; at < patient_ids.length; at += mostAtOnce) {
    const some = patient_ids.slice(at, at + mostAtOnce)
    const read = await Promise.all(some.map(async (id) => [id, await readChartOf(system, database, id)] as const))
    for (const [id, chart] of read) charts.set(id, chart)
  }
  const shown = (row: PresentRow) => patientOf(system, row, charts.get(row.id) ?? unread)
  const known = new Set(departments.map(({ id }) => id))
  const wards = departments.map(({ id, name, code }) => ({
    department: name,
    code,
    patients: present.filter(({ department_id }) => department_id === id).map(shown),
  }))
  const others = present.filter(({ department_id }) => department_id === null || !known.has(department_id))
  if (others.length > 0) wards.push({ department: '(no department)', code: 'none', patients: others.map(shown) })
  return wards
}

const unread: Chart = { allergies: null, conditions: null, medicines: null }

/** What of it cannot be read is said to be unread, and holds up nobody else. */
async function readChartOf(system: Pick<System, 'keys'>, database: Database, patient_id: string): Promise<Chart> {
  const { keyring } = system.keys
  return database.once(async (tx) => {
    const [chart, medicines] = await Promise.all([
      readable(readChart(keyring, tx, patient_id)),
      readable(readCurrentMedicines(keyring, tx, patient_id, null)),
    ])
    return {
      allergies: chart && chart.allergies.filter(({ status }) => status === 'active').map(plain),
      conditions:
        chart && chart.conditions.filter(({ clinical_status }) => !ended.has(clinical_status)).map(({ text }) => text),
      medicines: medicines && medicines.filter(({ is_expired }) => !is_expired),
    }
  })
}

const plain = ({
  substance,
  reaction,
  severity,
}: {
  substance: string
  reaction: string | null
  severity: string
}) => ({
  substance,
  reaction,
  severity,
})

async function readable<Read>(reading: Promise<Read>): Promise<Read | null> {
  return reading.catch((error: unknown) => {
    const isUnreadable =
      error instanceof IntegrityError ||
      error instanceof KeyUnavailable ||
      (error instanceof Problem && error.kind === keyUnavailable)
    if (isUnreadable) return null
    throw error
  })
}

function patientOf(system: Pick<System, 'keys'>, row: PresentRow, chart: Chart): CopiedPatient {
  const card = tryOpenCard(system.keys.keyring, row)
  const { type, status, priority, opened_at } = row
  const isVisit = type !== null && status !== null && priority !== null && opened_at !== null
  return {
    patient_id: row.id,
    patient_number: row.patient_number,
    bed: row.bed,
    ward: row.ward,
    last_name: card?.last_name ?? null,
    first_name: card?.first_name ?? null,
    date_of_birth: card?.date_of_birth ?? null,
    gender: row.gender,
    blood_type: row.blood_type,
    visit: isVisit ? { type, status, priority, opened_at } : null,
    news2_score: row.news2_score,
    alerts: row.alerts,
    ...chart,
  }
}
