// A row about a long time: what a server keeps of what it has answered.
import { createRandom } from '../../server/demo/random.ts'
import { certain } from '#platform/certain.ts'
import type { LoadRequest } from '../load/load.ts'
import type { Headers } from '../openward-client.ts'
import { runThinking } from '../load/thinking.ts'
import { readMemory } from '../processes.ts'
import type { Row } from '../row.ts'
import { seed } from '../world.ts'

const users = 100
/** Until what is kept for a minute, and what is read at first, is there. */
const warm_minutes = 3
const arriving_seconds = 5
/** Their tokens are good for half an hour. */
const session_minutes = 20

export const memory_flat_row: Row = {
  name: 'memory_flat',
  requirement: `resident memory of the server process under an hour of load (--minutes) by ${users} people who read, with a second between an answer and the next request: how much it has grown since minute ${warm_minutes}`,
  unit: 'MB',
  once: true,
  named_only: true,
  sides: [
    {
      name: 'OpenWard',
      async prepare(world) {
        const { running, port, createSessions, treatingDoctor } = await world.openward()
        const { patient_ids } = await treatingDoctor()
        const random = createRandom(seed)
        const paths = [
          () => `patients/${certain(patient_ids[Math.floor(random() * patient_ids.length)], 'patient')}`,
          () => 'patients?limit=20',
          () => 'appointments?limit=20',
          () => 'doctors?limit=20',
        ]
        const requests = Array.from({ length: users * 120 }, (_, at): LoadRequest => {
          const path = certain(paths[at % paths.length], 'path')()
          return { method: 'GET', path: `/api/v1/${path}` }
        })
        return async () => {
          let people: readonly Headers[] = []
          const megabytes: number[] = []
          let errors = 0
          for (let minute = 1; minute <= world.options.minutes; minute += 1) {
            if ((minute - 1) % session_minutes === 0) people = await createSessions(users)
            const plan = { port, arriving_seconds, seconds: 55, think_ms: 1000, people, requests }
            errors += (await runThinking(world.directory, plan)).errors
            megabytes.push(certain((await readMemory(running.pid))[0], 'memory of the server'))
          }
          const [first = 0, last = 0] = [megabytes[warm_minutes - 1], megabytes.at(-1)]
          const detail = `${world.options.minutes} minutes: ${first.toFixed(0)} MB after ${warm_minutes}, ${Math.max(...megabytes).toFixed(0)} at most, ${last.toFixed(0)} at the end`
          return { value: Math.max(0, last - first), detail, errors }
        }
      },
    },
  ],
  promises: [{ at_most: 20 }],
}
