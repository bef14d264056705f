// Beds, rooms and devices: described by those who manage them, assigned by everyone who works with patients.
import { randomUUID } from 'node:crypto'
import { only, type Row } from './row.ts'
import type { Subject, World } from './world.ts'

// `resources:write`: admin and staff. `resources:assign`: these and every doctor and nurse, for whomever they find.
const managers = only('staff admin')
const assigners = only('treating away_doctor nurse away_nurse staff admin')
/** Of one patient, as the record itself. */
const chart = only('own treating nurse staff admin', 'other away_doctor away_nurse')

const description = () => ({ name: 'Bed', code: randomUUID().slice(0, 13).toUpperCase() })

async function done(maker: World['maker'], method: 'POST', url: string, body: unknown): Promise<{ id: string }> {
  const headers = { 'content-type': 'application/json' }
  const answer = await maker.send({ method, url, headers, body: JSON.stringify(body) })
  if (answer.status >= 300) throw new Error(`${url} cannot be prepared: ${answer.text}`)
  return JSON.parse(answer.text) as { id: string }
}

async function withBed(subject: Subject, { maker }: World): Promise<string> {
  const make = () => done(maker, 'POST', '/api/v1/resources', { type: 'bed', ...description() })
  subject.ids['resource_id'] = (await make()).id
  subject.ids['to_resource_id'] = (await make()).id
  return `/api/v1/resources/${subject.ids['resource_id']}`
}
const bed = async (subject: Subject, world: World) => void (await withBed(subject, world))
const heldBed = async (subject: Subject, world: World) => {
  const url = await withBed(subject, world)
  await done(world.maker, 'POST', `${url}/assign`, { patient_id: subject.ids['patient_id'] })
}
const reservedBed = async (subject: Subject, world: World) => {
  const url = await withBed(subject, world)
  const time = { starts_at: '2126-12-01T08:00:00Z', ends_at: '2126-12-01T09:00:00Z' }
  const { id } = await done(world.maker, 'POST', `${url}/reservations`, {
    ...time,
    patient_id: subject.ids['patient_id'],
  })
  subject.ids['reservation_id'] = id
}

export const resourceRows: readonly Row[] = [
  {
    operation: 'POST /api/v1/resources',
    expect: managers,
    ask: () => ({ body: { type: 'bed', ...description() } }),
  },
  { operation: 'GET /api/v1/resources', expect: assigners, prepare: heldBed },
  { operation: 'GET /api/v1/resources/availability', expect: assigners },
  { operation: 'GET /api/v1/resources/occupancy', expect: assigners },
  { operation: 'GET /api/v1/resources/long-stays', expect: assigners },
  { operation: 'GET /api/v1/resources/{resource_id}', expect: assigners, prepare: heldBed },
  {
    operation: 'PUT /api/v1/resources/{resource_id}',
    expect: managers,
    prepare: bed,
    ask: () => ({ body: description() }),
  },
  {
    operation: 'PUT /api/v1/resources/{resource_id}/status',
    expect: assigners,
    prepare: bed,
    ask: () => ({ body: { status: 'cleaning' } }),
  },
  {
    operation: 'PUT /api/v1/resources/{resource_id}/status',
    when: 'to retired, which is for those who manage resources',
    expect: managers,
    prepare: bed,
    ask: () => ({ body: { status: 'retired' } }),
  },
  { operation: 'POST /api/v1/resources/{resource_id}/assign', expect: assigners, prepare: bed },
  { operation: 'DELETE /api/v1/resources/{resource_id}/assign', expect: assigners, prepare: heldBed },
  { operation: 'POST /api/v1/resources/{resource_id}/transfer', expect: assigners, prepare: heldBed },
  { operation: 'GET /api/v1/resources/{resource_id}/assignments', expect: assigners, prepare: heldBed },
  { operation: 'GET /api/v1/patients/{patient_id}/resource-assignments', expect: chart },
  { operation: 'GET /api/v1/resources/{resource_id}/reservations', expect: assigners, prepare: reservedBed },
  { operation: 'POST /api/v1/resources/{resource_id}/reservations', expect: assigners, prepare: bed },
  {
    operation: 'DELETE /api/v1/resources/{resource_id}/reservations/{reservation_id}',
    expect: assigners,
    prepare: reservedBed,
  },
]
