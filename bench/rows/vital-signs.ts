// A row about vital signs: how many a second are recorded.
import type { LoadRequest } from '../load/load.ts'
import type { Row } from '../row.ts'
import { createLoadTurn } from './load-side.ts'

/** So many in turn, each a little different from the one before. */
const measurements = 2000

const signsOf = (index: number) => ({
  temperature_celsius: 36 + (index % 30) / 10,
  pulse_bpm: 55 + (index % 70),
  respiratory_rate_per_min: 10 + (index % 16),
  blood_pressure_systolic: 100 + (index % 60),
  blood_pressure_diastolic: 60 + (index % 30),
  oxygen_saturation_percent: 90 + (index % 11),
})

function toReference(index: number, patient_id: string): LoadRequest {
  const signs = signsOf(index)
  const body = {
    patient_id,
    heart_rate: signs.pulse_bpm,
    systolic: signs.blood_pressure_systolic,
    diastolic: signs.blood_pressure_diastolic,
    temperature: signs.temperature_celsius,
    respiratory_rate: signs.respiratory_rate_per_min,
    spo2: signs.oxygen_saturation_percent,
  }
  return { method: 'POST', path: '/api/v1/vitals', body }
}

const requests = (ids: readonly string[], toRequest: (index: number, id: string) => LoadRequest) =>
  Array.from({ length: measurements }, (_, index) => toRequest(index, ids[index % ids.length] ?? ''))

export const vital_signs_row: Row = {
  name: 'record_vital_signs',
  requirement:
    'vital signs recorded, scored (NEWS2), sealed and audited by the nurse of a visit, 50 connections; the reference inserts them in the clear and scores nothing',
  unit: 'requests/s',
  sides: [
    {
      name: 'OpenWard',
      async prepare(world) {
        const openward = await world.openward()
        const { headers, visit_ids } = await openward.assessingNurse()
        const puts = requests(visit_ids, (index, visit_id) => ({
          method: 'PUT',
          path: `/api/v1/visits/${visit_id}/nursing-assessment`,
          body: { vital_signs: { ...signsOf(index), consciousness: 'alert', on_supplemental_oxygen: false } },
        }))
        return createLoadTurn(world, { port: openward.port, headers, repeats: true, createRequests: () => puts })
      },
    },
    {
      name: 'reference',
      async prepare(world) {
        const { port, headers, patient_ids } = await world.reference()
        const posts = requests(patient_ids, toReference)
        return createLoadTurn(world, { port, headers, repeats: true, createRequests: () => posts })
      },
    },
  ],
  promises: [{ against: 'reference', at_least_times: 2 }],
}
