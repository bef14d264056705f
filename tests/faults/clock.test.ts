// Row 29: servers whose clocks are two hours wrong, and one whose clock jumps while it runs, beside one whose clock is right.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { holdMinutes } from '../../server/modules/appointments/hold.contract.ts'
import { type Caller, callerWith, signIn, type Tokens } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { assertStatus, createDoctor, expectStatus, freeStarts, nextPerson } from '../hospital.ts'
import { type ServerProcess, until } from '../processes.ts'

let cluster: Cluster
let right: ServerProcess
let early: ServerProcess
let late: ServerProcess
let caller: Caller

/** Moves what a process takes for now; at SIGUSR2 by as many hours as the file then says. */
function clockOff(hours: number, hours_file?: string): string[] {
  const source = `
    import { readFileSync } from 'node:fs'
    let offset = ${hours * 3_600_000}
    const now = Date.now.bind(Date), instant = Temporal.Now.instant.bind(Temporal.Now)
    const zoned = Temporal.Now.zonedDateTimeISO.bind(Temporal.Now)
    Date.now = () => now() + offset
    globalThis.Date = new Proxy(Date, {
      construct: (made, given, called) => Reflect.construct(made, given.length === 0 ? [now() + offset] : given, called),
    })
    Temporal.Now.instant = () => instant().add({ milliseconds: offset })
    Temporal.Now.zonedDateTimeISO = (zone) => zoned(zone).add({ milliseconds: offset })
    Temporal.Now.plainDateISO = (zone) => Temporal.Now.zonedDateTimeISO(zone).toPlainDate()
    Temporal.Now.plainDateTimeISO = (zone) => Temporal.Now.zonedDateTimeISO(zone).toPlainDateTime()
    process.on('SIGUSR2', () => (offset = Number(readFileSync(${JSON.stringify(hours_file ?? '')}, 'utf8')) * 3_600_000))`
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

describe('a server whose clock jumps an hour ahead while it runs, and back', () => {
  const hours = 1
  let jumping: ServerProcess
  let there: Caller
  let hours_file: string

  before(async () => {
    hours_file = join(cluster.directory, 'hours')
    jumping = await cluster.serve({ node_options: clockOff(0, hours_file) })
    there = await signIn(jumping.port)
  })

  const issuedAt = ({ tokens }: Caller) => {
    const [, payload = ''] = tokens.access_token.split('.')
    return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { iat: number }).iat
  }
  async function jump(by: number) {
    writeFileSync(hours_file, String(by))
    jumping.kill('SIGUSR2')
    const isThere = (iat: number) => Math.abs(iat - Date.now() / 1000 - by * 3600) < 600
    await until('its clock has jumped', async () => isThere(issuedAt(await signIn(jumping.port))))
  }
  const status = async (who: Caller, port = who.port) => (await who.at(port).ask('GET', '/api/v1/patients')).status
  const renewed = async (who: Caller) => {
    const body = { refresh_token: who.tokens.refresh_token }
    return (expectStatus(200, await who.ask('POST', '/api/v1/auth/refresh', body)) as Tokens).access_token
  }

  test('takes no token beyond its time meanwhile, and afterwards none of those from the hour that did not come', async () => {
    assert.equal(await status(there), 200)
    await jump(hours)
    assert.equal(await status(there), 401)
    assert.equal(await status(there, right.port), 200)
    const ahead = await signIn(jumping.port)
    assert.equal(await status(ahead), 200)
    assert.equal(await status(ahead, right.port), 401)
    await jump(0)
    assert.equal(await status(there), 200)
    // It knows this token well, and still does not take it before its time.
    assert.equal(await status(ahead), 401)
    // The session is the database's, whose clock did not jump: it goes on.
    const again = callerWith(jumping.port, { ...ahead.tokens, access_token: await renewed(ahead) })
    assert.deepEqual([await status(again), await status(again, right.port)], [200, 200])
  })

  test('frees no time that somebody holds, and holds none for longer', async () => {
    const { doctor_id } = await createDoctor(caller)
    const [start, other] = await freeStarts(caller, doctor_id)
    const hold = async (who: Caller, appointment_time: string | undefined) =>
      expectStatus(201, await who.ask('POST', '/api/v1/slots/holds', { doctor_id, appointment_time })) as {
        id: string
        held_until: string
      }
    const book = async (who: Caller, appointment_time: string | undefined) => {
      const { id } = expectStatus(201, await caller.ask('POST', '/api/v1/patients', nextPerson())) as { id: string }
      return who.ask('POST', '/api/v1/appointments', { doctor_id, patient_id: id, appointment_time })
    }
    const early_hold = await hold(there, start)
    await jump(hours)
    const ahead = await signIn(jumping.port)
    assertStatus(await book(ahead, start), 409)
    const late_hold = await hold(ahead, other)
    await jump(0)
    for (const { held_until } of [early_hold, late_hold]) {
      const minutes = Temporal.Now.instant().until(held_until).total('minutes')
      assert.ok(minutes > 0 && minutes <= holdMinutes, String(minutes))
    }
    for (const taken of [start, other]) assertStatus(await book(caller, taken), 409)
    assert.ok(!(await freeStarts(there, doctor_id)).includes(start ?? ''))
    const { id } = expectStatus(201, await caller.ask('POST', '/api/v1/patients', nextPerson())) as { id: string }
    const converted = { doctor_id, patient_id: id, appointment_time: start, hold_id: early_hold.id }
    assertStatus(await there.ask('POST', '/api/v1/appointments', converted), 201)
  })

  test('offers the same times as before, and all of them are again at the same instants', async () => {
    const { doctor_id } = await createDoctor(caller)
    const starts = await freeStarts(caller, doctor_id)
    await jump(hours)
    const ahead = await signIn(jumping.port)
    assert.deepEqual(await freeStarts(ahead, doctor_id), starts)
    const now_ms = Date.now()
    const soon = (minutes: number) => new Date(now_ms + minutes * 60_000).toISOString()
    const { id } = expectStatus(201, await caller.ask('POST', '/api/v1/patients', nextPerson())) as { id: string }
    const past = await ahead.ask('POST', '/api/v1/appointments', {
      doctor_id,
      patient_id: id,
      appointment_time: soon(30),
    })
    assert.equal((expectStatus(past.status, past) as { code: string }).code, 'time_in_past')
    await jump(0)
    assert.deepEqual(await freeStarts(there, doctor_id), starts)
  })

  test('reminds nobody early, and nobody twice', async () => {
    const { doctor_id } = await createDoctor(caller)
    const due = async (minutes: number) => {
      const person = { ...nextPerson(), email: `reminded${minutes}@example.org` }
      const { id } = expectStatus(201, await caller.ask('POST', '/api/v1/patients', person)) as { id: string }
      const [made] = await cluster.rows<{ id: string }>(
        `insert into appointments (confirmation_code, patient_id, doctor_id, during, created_at)
         values ('APT-20261122-' || $3::int, $1, $2, tstzrange(now() + $3 * interval '1 minute', now() + ($3 + 15) * interval '1 minute'),
                 now() - interval '9 days') returning id`,
        [id, doctor_id, minutes],
      )
      return made?.id ?? ''
    }
    // Reminders go out a day ahead: of the first one it is time, of the other one by the clock that is ahead only.
    const [now, later] = [await due(23 * 60), await due(24 * 60 + 30)]
    await jump(hours)
    const reminders = async () =>
      (
        await cluster.rows<{ appointment_id: string }>(
          `select appointment_id from notices where kind = 'reminder' and appointment_id = any($1::uuid[])`,
          [[now, later]],
        )
      ).map(({ appointment_id }) => appointment_id)
    await until('one is reminded', async () => (await reminders()).length > 0, 150_000)
    await jump(0)
    await jump(hours)
    await jump(0)
    assert.deepEqual(await reminders(), [now])
  })
})
