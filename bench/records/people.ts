// Registers the people of the material by the import, and finds whom it registered.
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { stringify } from 'csv-stringify/sync'
import type { Send } from '#platform/contract/client.ts'
import { createClient } from '#platform/contract/client.ts'
import { importApi, type ImportFinding, PatientImport } from '../../server/modules/patients/import.contract.ts'
import { patientSearchApi } from '../../server/modules/patients/patient-search.contract.ts'
import type { Call } from './connection.ts'
import type { Row } from './material.ts'
import type { Outcome, Report } from './outcomes.ts'

/** A number of whom another person has: everything but it is registered. */
const identifiers = ['ssn', 'national_id'] as const

/** Writes what became of each, its id with it. Known people are known to the import by their external_id. */
export async function registerPeople(send: Send, rows: readonly Row[], report: Report): Promise<void> {
  const open = rows.filter(({ row }) => !report.find('patients', row))
  if (open.length === 0) return
  const administrator = createClient(send)
  const refused = await importRows(send, administrator, open)
  const without = open.filter((_, at) => {
    const fields = refused.get(at)?.map(({ field }) => field)
    return fields?.every((field) => identifiers.some((name) => name === field))
  })
  const still = await importRows(
    send,
    administrator,
    without.map(({ row, fields }) => ({ row, fields: { ...fields, ssn: '', national_id: '' } })),
  )
  for (const [at, one] of open.entries()) {
    const again = without.indexOf(one)
    const [finding] = (again === -1 ? refused.get(at) : still.get(again)) ?? []
    const note = again === -1 ? {} : { note: 'registered without the identifier: another person has it' }
    report.write([finding ? refusedRow(one, finding) : { ...(await findPerson(administrator, one)), ...note }])
  }
}

const refusedRow = ({ row }: Row, { code, reason }: ImportFinding): Outcome => ({
  file: 'patients',
  row,
  outcome: 'refused',
  code,
  sentence: reason,
})

/** What was refused, by the place of the row. */
async function importRows(
  send: Send,
  administrator: Call,
  rows: readonly Row[],
): Promise<Map<number, ImportFinding[]>> {
  if (rows.length === 0) return new Map()
  const boundary = randomUUID()
  const csv = stringify(
    rows.map(({ fields }) => fields),
    { header: true },
  )
  const answer = await send({
    method: 'POST',
    url: importApi.import.path,
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}`, 'idempotency-key': boundary },
    body: `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="patients.csv"\r\ncontent-type: text/csv\r\n\r\n${csv}\r\n--${boundary}--\r\n`,
  })
  if (answer.status !== 202) throw new Error(`the import of the patients answers ${answer.status}: ${answer.text}`)
  const params = { import_id: PatientImport.parse(JSON.parse(answer.text)).id }
  const findings: ImportFinding[] = []
  for (let from_line: number | null = 0; from_line !== null;) {
    const job: PatientImport = await administrator(importApi.read, { params, query: { from_line: String(from_line) } })
    if (job.status === 'failed') throw new Error(`the import of the patients failed: ${job.failure}`)
    if (job.status === 'running') await delay(200)
    else {
      findings.push(...job.report.filter(({ refused }) => refused))
      from_line = job.next_line
    }
  }
  // The first line names the columns, and none of these has a line break within.
  return Map.groupBy(findings, ({ line }) => line - 2)
}

async function findPerson(administrator: Call, { row, fields }: Row): Promise<Outcome> {
  const { first_name = '', last_name = '', date_of_birth = '', phone_primary = '' } = fields
  const body = { name: `${first_name} ${last_name}`, date_of_birth, phone: phone_primary }
  for (;;) {
    const { items, index_complete } = await administrator(patientSearchApi.search, { body })
    const [person, ...others] = items.filter((one) => one.first_name === first_name && one.last_name === last_name)
    if (person && others.length === 0) return { file: 'patients', row, outcome: 'done', id: person.id }
    if (index_complete) {
      const sentence = `${others.length + (person ? 1 : 0)} people have this name, birth date and phone: merge or tell them apart`
      return { file: 'patients', row, outcome: 'refused', code: 'not_found_again', sentence }
    }
    await delay(1000)
  }
}
