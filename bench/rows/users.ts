// A row about many people at once, who read what they asked for before they ask again.
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
/** A shorter time would not let everyone ask more than a few times. */
const least_seconds = 20
// Beyond those whom other rows register.
const first_new_person = 20_000_000

/** Of twenty requests: eleven searches, five lists, two bookings and two registrations. */
function createMix(count: number, bookings: readonly LoadRequest[]): LoadRequest[] {
  const random = createRandom(seed)
  const known = Array.from(createPeople(seed, 0, usual_people))
  const isStranger = createStrangers()
  const strangers = Array.from(createPeople(seed, first_new_person, first_new_person + count)).filter(isStranger)
  const search = (): LoadRequest => {
    const person = known[Math.floor(random() * known.length)]
    if (!person) throw new Error('there are no people')
    const { query } = createQuestion(random, person)
    return { method: 'GET', path: `/api/v1/patients/search?q=${encodeURIComponent(query)}` }
  }
  return Array.from({ length: count }, (_, at): LoadRequest => {
    const kind = at % 20
    // The last ones: other rows begin with the first.
    const booking = bookings.at(-1 - Math.floor(at / 20) * 2 - kind)
    const stranger = strangers[at]
    if (kind < 2 && booking) return booking
    if (kind < 4 && stranger) return { method: 'POST', path: '/api/v1/patients', body: toPatientRequest(stranger) }
    return kind < 9 ? { method: 'GET', path: '/api/v1/patients?limit=20' } : search()
  })
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
        const { port, createSessions, createBookings } = await world.openward()
        const people = await createSessions(users)
        const seconds = Math.max(least_seconds, world.options.seconds)
        const requests = createMix(users * seconds * 2, await createBookings())
        return async () => toLatency(await runThinking(world.directory, { port, seconds, think_ms, people, requests }))
      },
    },
  ],
  promises: [{ at_most: 100 }],
}
