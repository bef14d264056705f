// Everyone of the material, several at a time.
import { createClient, type Send } from '#platform/contract/client.ts'
import { idOf, type Material, recorded_files, type Row } from './material.ts'
import { type Report, type Sum, sumOf } from './outcomes.ts'
import { registerPeople } from './people.ts'
import { recordPerson } from './recording.ts'
import { gatherStaff } from './staff.ts'

export type Connection = { send: Send; sendAsAdministrator: Send; password: string; at_once: number }

const told_every = 50

/** @throws where a row has no outcome, or the server fails */
export async function recordAll(
  { send, sendAsAdministrator, password, at_once }: Connection,
  material: Material,
  report: Report,
  onProgress: (people: number) => void,
): Promise<Sum[]> {
  const of = (rows: readonly Row[]) => Map.groupBy(rows, idOf)
  const [vitals, allergies, requests, encounters] = [
    of(material.vitals),
    of(material.allergies),
    of(material.medication_requests),
    of(material.encounters),
  ]
  if (hasUnreported(material, report)) {
    await registerPeople(sendAsAdministrator, material.patients, report)
    const staff = await gatherStaff(send, createClient(sendAsAdministrator), password)
    const waiting = material.patients.values()
    let recorded = 0
    const work = async () => {
      for (const person of waiting) {
        const id = idOf(person)
        const [own, its, taken] = [vitals.get(id) ?? [], allergies.get(id) ?? [], requests.get(id) ?? []]
        const patient_id = report.find('patients', person.row)?.id
        if (patient_id === undefined) refuseAll(report, { vitals: own, allergies: its, medication_requests: taken })
        else {
          const all = { vitals: own, allergies: its, medication_requests: taken, encounters: encounters.get(id) ?? [] }
          await recordPerson(staff, material.digest, { patient_id, ...all }, report)
        }
        recorded += 1
        if (recorded % told_every === 0) onProgress(recorded)
      }
    }
    await Promise.all(Array.from({ length: at_once }, work))
  }
  return recorded_files.map((file) => sumOf(file, material[file], report))
}

const hasUnreported = (material: Material, report: Report) =>
  recorded_files.some((file) => material[file].some(({ row }) => !report.find(file, row)))

function refuseAll(report: Report, rows: Record<'vitals' | 'allergies' | 'medication_requests', readonly Row[]>) {
  const why = { outcome: 'refused', code: 'patient_refused', sentence: 'The person was not registered' } as const
  for (const file of ['vitals', 'allergies', 'medication_requests'] as const)
    report.write(rows[file].map(({ row }) => ({ file, row, ...why })))
}
