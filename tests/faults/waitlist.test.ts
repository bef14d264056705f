// Servers are killed in the midst of offering freed times: each time is offered once, and everyone is told by one message.
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { signIn } from '../caller.ts'
import { startCluster } from '../cluster.ts'
import { assertStatus, createDoctor, expectStatus, freeStarts, nextPerson } from '../hospital.ts'
import { until } from '../processes.ts'

const times = 150
const kills = 10

test(`${kills} kills while ${times} freed times are offered make one offer of each, and one message to each who waits`, async (t) => {
  const cluster = await startCluster()
  t.after(() => cluster.stop())
  const servers = [await cluster.serve(), await cluster.serve()]
  const administrator = await signIn(servers[0]?.port ?? 0)
  const { doctor_id } = await createDoctor(administrator)
  const starts = (await freeStarts(administrator, doctor_id)).slice(0, times)
  assert.equal(starts.length, times)
  const today = Temporal.Now.plainDateISO('UTC')
  for (let at = 0; at < times; at += 50) {
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const person = { ...nextPerson(), email: `person${at + index}@example.org`, force: true }
        const registered = expectStatus(201, await administrator.ask('POST', '/api/v1/patients', person))
        const { id: patient_id } = registered as { id: string }
        assertStatus(
          await administrator.ask('POST', '/api/v1/waitlist', {
            doctor_id,
            patient_id,
            from_date: today.toString(),
            to_date: today.add({ days: 30 }).toString(),
          }),
          201,
        )
      }),
    )
  }

  const free = (some: readonly string[]) =>
    cluster.rows(
      `insert into events (type, subject_type, subject_id, payload)
       select 'appointment.cancelled', 'appointment', uuidv7(), jsonb_build_object('doctor_id', $1::text, 'appointment_time', start)
         from unnest($2::text[]) as start`,
      [doctor_id, some],
    )
  const size = times / kills
  for (let kill = 0; kill < kills; kill += 1) {
    await free(starts.slice(kill * size, (kill + 1) * size))
    await delay(randomInt(0, 1500))
    const victim = servers[kill % 2]
    victim?.kill('SIGKILL')
    await victim?.ended
    servers[kill % 2] = await cluster.serve()
  }
  const count = async () =>
    (await cluster.rows<{ made: number }>(`select count(*)::int as made from waitlist_offers`))[0]?.made
  await until('every time is offered', async () => ((await count()) ?? 0) >= times, 60_000)
  // What was told a second time is relayed by then.
  await free([])
  await delay(2000)

  const [counted] = await cluster.rows(`
    select count(*)::int as offers, count(distinct entry_id)::int as entries, count(distinct during)::int as times,
           count(distinct patient_id)::int as patients, count(distinct mail_id)::int as mails,
           (select count(*)::int from mails where template = 'waitlist_offer') as messages,
           (select count(*)::int from appointments a join waitlist_offers o on o.id = a.id and a.status = 'held'
             where a.patient_id = o.patient_id and a.during = o.during) as held,
           (select count(*)::int from appointments) as appointments,
           (select count(*)::int from events where type = 'waitlist.offered') as told,
           (select count(*)::int from waitlist_entries where status = 'offered') as offered
      from waitlist_offers where status = 'open'`)
  assert.deepEqual(
    Object.entries(counted ?? {}).filter(([, number]) => number !== times),
    [],
  )
  assert.equal(Object.keys(counted ?? {}).length, 10)
})
