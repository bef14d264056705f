// Where the rows of each table come from: statements of one moment, a page at a time.
import { setImmediate as turn } from 'node:timers/promises'
import type { Snapshot } from '#platform/database/snapshot.ts'
import type { Sql } from '#platform/database/sql.ts'
import type { Row, TableName } from './columns.ts'
import {
  listDepartments,
  listDoctorStates,
  listPatients,
  listResourceStates,
  listUsers,
  type PatientToClass,
  type UserAccount,
} from './dimension.store.ts'
import {
  type Asked,
  listAlerts,
  listAppointments,
  listAssignments,
  listDocuments,
  listNursing,
  listPrescriptions,
  listVisits,
} from './fact.store.ts'
import {
  alertRow,
  appointmentRow,
  assignmentRow,
  documentRow,
  prescriptionRow,
  type Telling,
  visitRow,
  vitalSignRows,
} from './fact-rows.ts'
import { openCells, patientRow, readClass } from './patient-classes.ts'

export type Reading = Telling & {
  snapshot: Pick<Snapshot, 'rows'>
  asked: Pick<Asked, 'since' | 'before'>
  /** Of the moment. */
  year: number
  smallest_cell: number
  /** Called between two pages; throws where the run is to end. */
  paused: () => void
}

const pageRows = 2000
/** Opening sealed rows takes time: then it is somebody else's turn. */
const rowsAtATime = 200

/** `add` is given the rows of this table, a page at a time; dim_date has no source but the dates of the others. */
export async function readTable(
  table: Exclude<TableName, 'dim_date'>,
  reading: Reading,
  add: (rows: readonly Row[]) => Promise<void>,
): Promise<void> {
  const { pseudonyms, snapshot, asked } = reading
  if (table === 'dim_department') {
    const rows = await snapshot.rows(listDepartments(asked))
    return add(rows.map(({ id, ...department }) => ({ ...department, department_key: id })))
  }
  if (table === 'dim_doctor') {
    const rows = await snapshot.rows(listDoctorStates(asked))
    return add(
      rows.map(({ doctor_id, department_id, ...state }) => ({
        ...state,
        doctor_key: pseudonyms.of('doctor', doctor_id),
        department_key: department_id,
      })),
    )
  }
  if (table === 'dim_resource') {
    const rows = await snapshot.rows(listResourceStates(asked))
    return add(
      rows.map(({ resource_id, department_id, ...state }) => ({
        ...state,
        resource_key: resource_id,
        department_key: department_id,
      })),
    )
  }
  if (table === 'dim_patient') return readPatients(reading, add)
  const read = <T extends { id: string }>(
    list: (page: Asked) => Sql<T>,
    toRows: (telling: Telling, fact: T) => Row[],
  ) => eachPage(reading, list, (fact) => toRows(reading, fact), add)
  if (table === 'dim_user') {
    const toRows = ({ id, ...user }: UserAccount) => [{ ...user, user_key: pseudonyms.of('user', id) }]
    return eachPage(reading, listUsers, toRows, add)
  }
  if (table === 'fact_appointment') return read(listAppointments, (telling, fact) => [appointmentRow(telling, fact)])
  if (table === 'fact_visit') return read(listVisits, (telling, fact) => [visitRow(telling, fact)])
  if (table === 'fact_vital_sign') return read(listNursing, vitalSignRows)
  if (table === 'fact_resource_assignment')
    return read(listAssignments, (telling, fact) => [assignmentRow(telling, fact)])
  if (table === 'fact_alert') return read(listAlerts, (telling, fact) => [alertRow(telling, fact)])
  if (table === 'fact_document') return read(listDocuments, (telling, fact) => [documentRow(telling, fact)])
  return read(listPrescriptions, (telling, fact) => [prescriptionRow(telling, fact)])
}

/** Where small cells are not told apart everybody is counted first, and everybody is written: a cell grows by others. */
async function readPatients(reading: Reading, add: (rows: readonly Row[]) => Promise<void>) {
  const { smallest_cell, year } = reading
  const cells = openCells(smallest_cell)
  const everyone = smallest_cell > 0 ? { ...reading, asked: { ...reading.asked, since: undefined } } : reading
  if (smallest_cell > 0) {
    const count = (patient: PatientToClass) => {
      if (patient.status !== 'merged') cells.add(readClass(reading, patient, year))
      return []
    }
    await eachPage(everyone, listPatients, count, async () => undefined)
  }
  const toRows = (patient: PatientToClass) => {
    const known = readClass(reading, patient, year)
    return [patientRow(reading, patient, patient.status === 'merged' ? known : cells.told(known))]
  }
  await eachPage(everyone, listPatients, toRows, add)
}

async function eachPage<T extends { id: string }>(
  { snapshot, asked, paused }: Reading,
  list: (page: Asked) => Sql<T>,
  toRows: (row: T) => Row[],
  add: (rows: readonly Row[]) => Promise<void>,
): Promise<void> {
  for (let after: string | undefined; ;) {
    paused()
    const page = await snapshot.rows(list({ ...asked, after, limit: pageRows }))
    const rows: Row[] = []
    for (const [at, row] of page.entries()) {
      rows.push(...toRows(row))
      if (at % rowsAtATime === rowsAtATime - 1) await turn()
    }
    await add(rows)
    after = page.at(-1)?.id
    if (after === undefined || page.length < pageRows) return
  }
}
