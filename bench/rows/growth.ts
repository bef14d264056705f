// Rows about what an operation takes in a large hospital against a small one, measured in turns.
import { createPeople } from '../../server/demo/people.ts'
import { createRandom } from '../../server/demo/random.ts'
import type { LoadPlan, LoadRequest } from '../load/load.ts'
import type { OpenWard } from '../openward.ts'
import { lastFullDay } from '../openward-calendars.ts'
import { toPatientRequest } from '../openward-people.ts'
import { createQuestion } from '../questions.ts'
import type { Row, Side } from '../row.ts'
import { seed, usual_people, type World } from '../world.ts'
import { createLoadTurn, sliceOfTurn, toLatency } from './load-side.ts'
import { createStrangers } from './patients.ts'

const specialization = 'Cardiology'
const doctors = 200
const small_appointments = 50_000
const asking_connections = 4
const most_writes_per_second = 1_500
/** Left to the row of the thousand users. */
const last_bookings = 5000
/** Of one patient: one who has come every day for 27 years, against one who came a score of times. */
const visits = { large: 10_000, small: 20 }
// Beyond those whom other rows register.
const first_new_person = 30_000_000

/** One operation at one hospital: whose headers, and what they ask in a turn. */
type Operation = (
  openward: OpenWard,
  doctor_ids: readonly string[],
  size: 'large' | 'small',
  people: number,
) => Promise<{
  headers: LoadPlan['headers']
  repeats: boolean
  requestsOf: (turn: number, seconds: number) => LoadRequest[]
}>

const reading =
  (ask: (openward: OpenWard, doctor_ids: readonly string[]) => LoadRequest[]): Operation =>
  async (openward, doctor_ids) => {
    const requests = ask(openward, doctor_ids)
    return { headers: await openward.headersOf('staff'), repeats: true, requestsOf: () => requests }
  }

function searches(): LoadRequest[] {
  const random = createRandom(seed)
  return Array.from(createPeople(seed, 0, 2000), (person) => ({
    method: 'GET',
    path: `/api/v1/patients/search?q=${encodeURIComponent(createQuestion(random, person).query)}`,
  }))
}

const operations: Record<string, Operation> = {
  read_patient: async (openward) => {
    const { headers, patient_ids } = await openward.treatingDoctor()
    const requests = patient_ids.map((id): LoadRequest => ({ method: 'GET', path: `/api/v1/patients/${id}` }))
    return { headers, repeats: true, requestsOf: () => requests }
  },
  timeline: async (openward, _, size) => {
    const { headers, patient_ids } = await openward.treatingDoctor()
    const patient_id = patient_ids[0] ?? ''
    await openward.fillRecord(patient_id, visits[size])
    const path = `/api/v1/patients/${patient_id}/timeline`
    return { headers, repeats: true, requestsOf: () => [{ method: 'GET', path }] }
  },
  list_patients: reading(() => [{ method: 'GET', path: '/api/v1/patients?limit=20' }]),
  search: reading(searches),
  slots_of_doctor: reading((_, ids) => ids.map((id) => ({ method: 'GET', path: `/api/v1/doctors/${id}/slots` }))),
  next_free_slots: reading(() => [{ method: 'GET', path: `/api/v1/slots?specialization=${specialization}&limit=20` }]),
  list_appointments: reading((_, ids) =>
    ids.map((id) => ({ method: 'GET', path: `/api/v1/appointments?doctor_id=${id}&limit=20` })),
  ),
  day_of_all_doctors: reading(() => [{ method: 'GET', path: `/api/v1/appointments?date=${lastFullDay()}&limit=100` }]),
  book_appointment: async (openward) => {
    const bookings = (await openward.createBookings()).slice(0, -last_bookings).toReversed()
    const requestsOf = (turn: number, seconds: number) => {
      const { from, to } = sliceOfTurn(turn, seconds, most_writes_per_second)
      return bookings.slice(from, to)
    }
    return { headers: await openward.headersOf('staff'), repeats: false, requestsOf }
  },
  register_patient: async (openward, _doctor_ids, _size, people) => {
    const isStranger = createStrangers(people)
    const requestsOf = (turn: number, seconds: number) => {
      const { from, to } = sliceOfTurn(turn, seconds, most_writes_per_second)
      return Array.from(createPeople(seed, first_new_person + from, first_new_person + to))
        .filter(isStranger)
        .map((person): LoadRequest => ({ method: 'POST', path: '/api/v1/patients', body: toPatientRequest(person) }))
    }
    return { headers: await openward.headersOf('staff'), repeats: false, requestsOf }
  },
}

/** What is learnt of calendars that were filled behind the server's back is learnt by the first to ask, which takes as long as it takes. */
async function warmUp(port: number, headers: LoadPlan['headers'], request: LoadRequest | undefined): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}${request?.path ?? '/'}`, { headers })
  if (!answer.ok) throw new Error(`${request?.path} answers ${answer.status}: ${await answer.text()}`)
}

function createSide(name: string, operation: Operation, openwardOf: (world: World) => Promise<OpenWard>): Side {
  return {
    name,
    async prepare(world) {
      const openward = await openwardOf(world)
      const isSmall = name === 'small'
      const people = isSmall ? usual_people : world.people
      await openward.grow(people)
      const appointments = isSmall ? small_appointments : world.options.appointments
      const ids = await openward.createFullDoctors(specialization, doctors, Math.floor(appointments / doctors))
      const { headers, repeats, requestsOf } = await operation(openward, ids, isSmall ? 'small' : 'large', people)
      if (repeats) await warmUp(openward.port, headers, requestsOf(0, 1)[0])
      // Calendars that are filled behind its back have the server count anew for a minute, which is none of what is asked here.
      await openward.untilIdle()
      return createLoadTurn(world, {
        port: openward.port,
        headers,
        repeats,
        connections: asking_connections,
        createRequests: requestsOf,
        measure: toLatency,
      })
    },
  }
}

export const growth_rows: readonly Row[] = Object.entries(operations).map(([name, operation]) => ({
  name: `growth_of_${name}`,
  requirement:
    name === 'timeline'
      ? `p95 of the newest 20 entries of a patient with ${visits.large.toLocaleString('en')} visits, each with its appointment, against one with ${visits.small}`
      : `p95 of \`${name}\` with so many people and --appointments appointments, against a small hospital: ${usual_people.toLocaleString('en')} people, ${small_appointments.toLocaleString('en')} appointments`,
  unit: 'ms p95',
  sides: [
    createSide('OpenWard', operation, (world) => world.openward()),
    createSide('small', operation, (world) => world.small_openward()),
  ],
  promises: [{ against: 'small', at_most_times: 1.5 }],
}))
