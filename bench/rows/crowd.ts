// A row about many more at once than the machine can serve: what is answered must not break down.
import type { LoadResult } from '../load/load.ts'
import type { Measured, Row, Side } from '../row.ts'
import { createLoadTurn, describeLatency, usual_connections } from './load-side.ts'

/** Five times those that take all that the machine has. */
const crowd = 5 * usual_connections

/** What was refused, or failed, is no answer: it is told and not counted. */
function toAnswered(result: LoadResult): Measured {
  const { requests, errors, requests_per_second } = result
  const others = errors === 0 ? '' : `, ${errors} refused or failed`
  return {
    value: (requests_per_second * (requests - errors)) / requests,
    detail: `${describeLatency(result)}${others}`,
    errors: 0,
  }
}

const reading = (name: string, connections: number): Side => ({
  name,
  async prepare(world) {
    const { port, treatingDoctor } = await world.openward()
    const { headers, patient_ids } = await treatingDoctor()
    const requests = patient_ids.map((id) => ({ method: 'GET' as const, path: `/api/v1/patients/${id}` }))
    return createLoadTurn(world, {
      port,
      headers,
      repeats: true,
      connections,
      measure: toAnswered,
      createRequests: () => requests,
    })
  },
})

export const crowd_row: Row = {
  name: 'answered_in_a_crowd',
  requirement: `\`GET /patients/{id}\` that are answered and not refused, ${crowd} connections without a pause, five times those that take all the machine has, against these`,
  unit: 'requests/s',
  sides: [reading('OpenWard', crowd), reading('usual load', usual_connections)],
  promises: [{ against: 'usual load', at_least_times: 0.7 }],
}
