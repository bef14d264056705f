// Row 29: a server whose clock is two hours wrong, beside one whose clock is right.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { assertStatus, createDoctor, expectStatus, freeStarts, nextPerson } from '../hospital.ts'
import type { ServerProcess } from '../processes.ts'

let cluster: Cluster
let right: ServerProcess
let early: ServerProcess
let late: ServerProcess
let caller: Caller

/** Moves what a process takes for now. */
function clockOff(hours: number): string[] {
  const source = `
    const offset = ${hours * 3_600_000}, now = Date.now.bind(Date), instant = Temporal.Now.instant.bind(Temporal.Now)
    const zoned = Temporal.Now.zonedDateTimeISO.bind(Temporal.Now)
    Date.now = () => now() + offset
    Temporal.Now.instant = () => instant().add({ milliseconds: offset })
    Temporal.Now.zonedDateTimeISO = (zone) => zoned(zone).add({ milliseconds: offset })
    Temporal.Now.plainDateISO = (zone) => Temporal.Now.zonedDateTimeISO(zone).toPlainDate()
    Temporal.Now.plainDateTimeISO = (zone) => Temporal.Now.zonedDateTimeISO(zone).toPlainDateTime()`
  return ['--import', `data:text/javascript,${encodeURIComponent(source)}`]
}

before(async () => {
  cluster = await startCluster()
  right = await cluster.serve()
  early = await cluster.serve({ node_options: clockOff(-2) })
  late = await cluster.serve({ node_options: clockOff(2) })
  caller = await signIn(right.port)
})
after(() => cluster?.stop())

test('a server two hours late takes no token for longer than its time, and none that is not yet good', async () => {
  assertStatus(await caller.ask('GET', '/api/v1/patients'), 200)
  assertStatus(await caller.at(late.port).ask('GET', '/api/v1/patients'), 401)
  const from_late = await signIn(late.port)
  assertStatus(await from_late.ask('GET', '/api/v1/patients'), 200)
  assertStatus(await from_late.at(right.port).ask('GET', '/api/v1/patients'), 401)
  assertStatus(await from_late.at(early.port).ask('GET', '/api/v1/patients'), 401)
})

test('an appointment is at the same instant whatever the clocks say, and its time is taken at every server', async () => {
  const { doctor_id } = await createDoctor(caller)
  const made = expectStatus(201, await caller.ask('POST', '/api/v1/patients', nextPerson())) as { id: string }
  const starts = await freeStarts(caller, doctor_id)
  for (const [at, server] of [early, late].entries()) {
    const there = await signIn(server.port)
    assert.deepEqual(await freeStarts(there, doctor_id), starts.slice(at))
    const body = { doctor_id, patient_id: made.id, appointment_time: starts[at] }
    const booked = expectStatus(201, await there.ask('POST', '/api/v1/appointments', body)) as {
      id: string
      appointment_time: string
    }
    assert.equal(booked.appointment_time, starts[at])
    const seen = expectStatus(200, await caller.ask('GET', `/api/v1/appointments/${booked.id}`)) as typeof booked
    assert.equal(seen.appointment_time, starts[at])
    assertStatus(await caller.ask('POST', '/api/v1/appointments', body), 409)
  }
})
