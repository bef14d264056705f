// A row about many people at once, who read what they asked for before they ask again.
import { certain } from '#platform/certain.ts'
import { createPeople } from '../../server/demo/people.ts'
import { createRandom } from '../../server/demo/random.ts'
import type { LoadRequest } from '../load/load.ts'
import { runThinking } from '../load/thinking.ts'
import { toPatientRequest } from '../openward-people.ts'
import { createQuestion } from '../questions.ts'
import type { Row } from '../row.ts'
import { seed, usual_people } from '../world.ts'
import { toLatency } from './load-side.ts'
import { createStrangers } from './patients.ts'

const users = 1000
const think_ms = 1000
const arriving_seconds = 10
/** A shorter time would not let everyone ask more than a few times. */
const least_seconds = 20
// Beyond those whom other rows register.
const first_new_person = 20_000_000

type Known = { patient_ids: readonly string[]; bookings: readonly LoadRequest[] }

/** Of twenty requests nine open a record, three search, six list people, appointments or free slots, and two write. */
function createMix(count: number, { patient_ids, bookings }: Known): LoadRequest[] {
  const random = createRandom(seed)
  const pickOne = <T>(all: readonly T[]): T => certain(all[Math.floor(random() * all.length)], 'one to pick')
  const people = Array.from(createPeople(seed, 0, usual_people))
  const isStranger = createStrangers()
  const strangers = Array.from(createPeople(seed, first_new_person, first_new_person + count / 10)).filter(isStranger)
  const get = (path: string): LoadRequest => ({ method: 'GET', path: `/api/v1/${path}` })
  const kinds: ((round: number) => LoadRequest)[] = [
    ...Array.from({ length: 9 }, () => () => get(`patients/${pickOne(patient_ids)}`)),
    ...Array.from({ length: 3 }, () => () => {
      const { query } = createQuestion(random, pickOne(people))
      return get(`patients/search?q=${encodeURIComponent(query)}`)
    }),
    ...Array.from({ length: 3 }, () => () => get('patients?limit=20')),
    () => get('appointments?limit=20'),
    () => get('appointments?limit=20&status=booked'),
    () => get('doctors?limit=20'),
    // The last ones: other rows begin with the first.
    (round) => certain(bookings.at(-1 - round), 'booking'),
    (round) => ({
      method: 'POST',
      path: '/api/v1/patients',
      body: toPatientRequest(certain(strangers[round], 'stranger')),
    }),
  ]
  return Array.from({ length: count }, (_, at) =>
    certain(kinds[at % kinds.length], 'kind')(Math.floor(at / kinds.length)),
  )
}

export const users_row: Row = {
  name: 'thousand_users',
  requirement: `${users} signed-in users with ${think_ms / 1000} s think time, mixed reads and writes: no error`,
  unit: 'ms p95',
  once: true,
  sides: [
    {
      name: 'OpenWard',
      async prepare(world) {
        const { port, createSessions, createBookings, treatingDoctor, untilIdle } = await world.openward()
        const people = await createSessions(users)
        const seconds = Math.max(least_seconds, world.options.seconds)
        const { patient_ids } = await treatingDoctor()
        const requests = createMix(users * (arriving_seconds + seconds) * 2, {
          patient_ids,
          bookings: await createBookings(),
        })
        return async () => {
          await untilIdle()
          return toLatency(
            await runThinking(world.directory, { port, arriving_seconds, seconds, think_ms, people, requests }),
          )
        }
      },
    },
  ],
  promises: [{ at_most: 100 }],
}
