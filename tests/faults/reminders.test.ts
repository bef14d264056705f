// The worker is killed in the midst of reminders: everyone is reminded, and by one message.
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { startSmtp } from '#platform/mail/smtp.testing.ts'
import { signIn } from '../caller.ts'
import { startCluster } from '../cluster.ts'
import { assertStatus, createDoctor, nextPerson } from '../hospital.ts'
import { until } from '../processes.ts'

const people = 1000
const kills = 20

test('a worker that is killed 20 times in the midst of 1,000 reminders sends each of them, by one message', async (t) => {
  await using smtp = await startSmtp()
  const cluster = await startCluster()
  t.after(() => cluster.stop())
  const environment = { SMTP_URL: `smtp://127.0.0.1:${smtp.port}`, MAIL_FROM: 'care@example.test' }
  let server = await cluster.serve({ environment })
  const administrator = await signIn(server.port)
  const { doctor_id } = await createDoctor(administrator)
  for (let at = 0; at < people; at += 50) {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        administrator.ask('POST', '/api/v1/patients', {
          ...nextPerson(),
          email: `person${at + index}@example.org`,
          force: true,
        }),
      ),
    )
    for (const answer of answers) assertStatus(answer, 201)
  }
  await cluster.rows(
    `insert into appointments (confirmation_code, patient_id, doctor_id, during, created_at)
     select 'APT-20261122-' || n, id, $1, tstzrange(now() + interval '2 hours' + n * interval '1 minute',
                                                  now() + interval '2 hours' + (n + 1) * interval '1 minute'), now() - interval '9 days'
       from (select id, row_number() over (order by id) as n from patients) as numbered`,
    [doctor_id],
  )

  const reminded = () => new Set(smtp.received.flatMap(({ to }) => to)).size
  for (let kill = 0; kill < kills && reminded() < people; kill += 1) {
    const aim = Math.min(people, reminded() + randomInt(1, Math.ceil((2 * people) / kills)))
    await until('some more were reminded', () => reminded() >= aim || server.hasEnded(), 180_000)
    server.kill('SIGKILL')
    await server.ended
    // What it had sent to PostgreSQL may commit after its end.
    await until('its sessions are over', async () => {
      const there = await cluster.rows(`select from pg_stat_activity where application_name like 'openward%'`)
      return there.length === 0
    })
    // What the dead one had in hand is given back at once: that it is missed by its heartbeat is shown elsewhere, and so is that a mail is
    // tried again after minutes, which are more at every kill that meets the same one.
    await cluster.rows(
      `update pgboss.job_common set state = 'retry', retry_count = retry_count + 1, start_after = now() where state = 'active'`,
    )
    await cluster.rows(`update mails set next_attempt_at = now() where status = 'waiting' and attempts > 0`)
    await cluster.rows(
      `update pgboss.job_common set start_after = now() where name = 'mail.deliver' and state in ('created', 'retry')`,
    )
    server = await cluster.serve({ environment })
  }
  await until('everyone was reminded', () => reminded() === people, 400_000).catch(async (cause: unknown) => {
    const mails = await cluster.rows(
      `select status, attempts, last_error, min(next_attempt_at - now())::text as due, count(*)::int from mails group by 1, 2, 3`,
    )
    const jobs = await cluster.rows(
      `select name, state, retry_count, min(start_after - now())::text as due, count(*)::int from pgboss.job_common
        where state <> 'completed' group by 1, 2, 3`,
    )
    const left = JSON.stringify({ reminded: reminded(), mails, jobs })
    throw new Error(`${left}\n${server.output().slice(-3000)}`, { cause })
  })

  const messages = Map.groupBy(smtp.received, ({ to }) => to.join())
  const different = [...messages.values()].filter(
    (received) => new Set(received.map(({ source }) => /^Message-ID: (.*)$/im.exec(source)?.[1])).size !== 1,
  )
  assert.equal(messages.size, people)
  assert.deepEqual(different, [])
  const [counted] = await cluster.rows(
    `select count(*)::int as notices, count(distinct appointment_id)::int as appointments from notices where kind = 'reminder'`,
  )
  assert.deepEqual(counted, { notices: people, appointments: people })
})
