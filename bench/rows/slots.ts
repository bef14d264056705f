// Rows about free slots: of many doctors whose calendars are full for weeks, against the listing of one.
import type { LoadRequest } from '../load/load.ts'
import type { Row, Side } from '../row.ts'
import type { World } from '../world.ts'
import { createLoadTurn, toLatency } from './load-side.ts'

const specialization = 'Cardiology'
const doctors = 200
// A few people looking at once, as in the search by name.
const looking_connections = 4

const createSide = (name: string, requestsOf: (doctor_ids: readonly string[]) => LoadRequest[]): Side => ({
  name,
  async prepare(world: World) {
    const { port, createFullDoctors } = await world.openward()
    const appointments = Math.floor(world.options.appointments / doctors)
    const requests = requestsOf(await createFullDoctors(specialization, doctors, appointments))
    return createLoadTurn(world, {
      port,
      headers: {},
      repeats: true,
      connections: looking_connections,
      createRequests: () => requests,
      measure: toLatency,
    })
  },
})

export const slot_rows: readonly Row[] = [
  {
    name: 'next_free_slots',
    requirement: `next 20 free slots of a specialization, ${doctors} doctors, 1,000,000 appointments (--appointments), the next four weeks full: against the listing of one doctor's week`,
    unit: 'ms p95',
    sides: [
      createSide('OpenWard', () => [
        { method: 'GET', path: `/api/v1/slots?specialization=${specialization}&limit=20` },
      ]),
      createSide('one doctor', (ids) => ids.map((id) => ({ method: 'GET', path: `/api/v1/doctors/${id}/slots` }))),
    ],
    promises: [{ against: 'one doctor', at_most_times: 3 }],
  },
]
