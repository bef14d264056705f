import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { startCollector } from '#platform/tracing/collector.testing.ts'
import { openTracing } from '#platform/tracing/tracing.ts'
import { startTestApi, type TestApi } from '../../testing.ts'
import type { Mailer, MailMessage, MailResult } from './mailer.ts'
import { deliverMail, wakeOverdueMails } from './delivery.ts'
import { queueMail } from './queue.ts'

const link = 'https://ward.example.test/console/reset#owp_canary'

describe('the mail queue', () => {
  let api: TestApi
  before(
    async () =>
      void (api = await startTestApi({
        smtp_url: 'smtp://127.0.0.1:5901',
        timezone: 'America/New_York',
        mail_from: 'Saint Mary <care@example.test>',
      })),
  )
  after(async () => api[Symbol.asyncDispose]())
  beforeEach(async () => {
    await api.rows(sql`delete from mails`)
    await api.rows(sql`delete from pgboss.job`)
  })

  const queue = (to = 'ada@example.test') =>
    api.database.transaction((tx) =>
      queueMail(tx, api.system, { template: 'password_reset', to, data: { link, expires_at: '2026-12-01T14:00:00Z' } }),
    )
  const mails = () =>
    api.rows(
      sql<{
        id: string
        status: string
        attempts: number
        last_error: string | null
      }>`select id, status, attempts, last_error from mails order by id`,
    )
  /** What a server does with the jobs that are due. */
  async function deliverAll(mailer: Mailer | undefined) {
    const due = await api.rows(
      sql<{ mail_id: string }>`
        delete from pgboss.job_common where state = 'created' and start_after <= now() returning data->>'mail_id' as mail_id`,
    )
    for (const { mail_id } of due) await deliverMail(api.system, mailer, mail_id)
    return due.length
  }
  /** Stands for a mail server. */
  function server(answer: (message: MailMessage, count: number) => MailResult): Mailer & { sent: MailMessage[] } {
    const sent: MailMessage[] = []
    return { sent, close: () => undefined, send: async (message) => answer(message, sent.push(message)) }
  }
  const taken = ({ event_id }: MailMessage): MailResult => ({ outcome: 'sent', message_id: event_id })
  const away: MailResult = { outcome: 'failed', is_permanent: false, reason: 'unreachable' }

  it('sends what was queued, once, in the name and zone of the house', async () => {
    const id = await queue()
    const mailer = server(taken)
    assert.equal(await deliverAll(mailer), 1)
    assert.equal(await deliverAll(mailer), 0)
    await deliverMail(api.system, mailer, id)
    assert.equal(mailer.sent.length, 1)
    const [message] = mailer.sent
    assert.deepEqual([message?.event_id, message?.to], [id, 'ada@example.test'])
    assert.match(message?.text ?? '', /at Saint Mary.*owp_canary.*9:00\sAM EST/s)
  })

  for (const [mail_from, signed] of [
    ['"Saint Mary" <care@example.test>', 'Saint Mary'],
    ['care@example.test', 'OpenWard'],
    ['<care@example.test>', 'OpenWard'],
  ] as const) {
    it(`signs as ${signed} for a sender ${mail_from}`, async () => {
      const system = { keys: api.system.keys, configuration: { ...api.configuration, mail_from } }
      await api.database.transaction((tx) =>
        queueMail(tx, system, { template: 'registration_repeated', to: 'ada@example.test', data: { link } }),
      )
      const mailer = server(taken)
      assert.equal(await deliverAll(mailer), 1)
      assert.ok(mailer.sent[0]?.text.includes(`tried to register at ${signed} with`))
    })
  }

  it('sends nothing of a transaction that did not commit', async () => {
    const failure = new Error('rolled back')
    await assert.rejects(
      api.database.transaction(async (tx) => {
        await queueMail(tx, api.system, { template: 'registration_repeated', to: 'ada@example.test', data: { link } })
        throw failure
      }),
      failure,
    )
    assert.deepEqual(await mails(), [])
  })

  it('keeps neither address nor text readable', async () => {
    await queue('canary-address@example.test')
    const stored = JSON.stringify(
      await api.rows(sql`select encode(sealed_message, 'escape') as sealed, mails::text as row from mails`),
    )
    assert.ok(!stored.includes('canary'))
    assert.ok(!stored.includes(Buffer.from('canary').toString('hex')))
  })

  it('tries again when the mail server is away, with a job for that moment, and sends each message once', async () => {
    await Promise.all([queue('a@example.test'), queue('b@example.test')])
    await deliverAll(server(() => away))
    const tried = await api.rows(
      sql<{ status: string; seconds: number; has_job: boolean }>`
        select status, extract(epoch from next_attempt_at - now())::int as seconds,
               exists (select from pgboss.job where data->>'mail_id' = mails.id::text and start_after = next_attempt_at) as has_job
          from mails`,
    )
    assert.equal(tried.length, 2)
    for (const { status, seconds, has_job } of tried) {
      assert.deepEqual([status, has_job], ['waiting', true])
      assert.ok(seconds > 50 && seconds <= 60, String(seconds))
    }
    assert.equal(await deliverAll(server(taken)), 0)
    await api.rows(sql`update mails set next_attempt_at = now()`)
    await api.rows(sql`update pgboss.job set start_after = now()`)
    const mailer = server(taken)
    await deliverAll(mailer)
    assert.deepEqual(mailer.sent.map(({ to }) => to).sort(), ['a@example.test', 'b@example.test'])
  })

  it('looks again later at a mail whose server died while it sent it', async () => {
    const id = await queue()
    await api.rows(sql`update mails set attempts = 1, next_attempt_at = now() + interval '1 minute'`)
    const mailer = server(taken)
    await deliverAll(mailer)
    assert.equal(mailer.sent.length, 0)
    const [job] = await api.rows(
      sql<{
        waits: boolean
      }>`select start_after > now() + interval '50 seconds' as waits from pgboss.job where singleton_key = ${id}`,
    )
    assert.deepEqual(job, { waits: true })
  })

  it('finds a mail whose job is gone, once it is overdue', async () => {
    await queue()
    await api.rows(sql`delete from pgboss.job`)
    await wakeOverdueMails(api.system)
    assert.equal(await deliverAll(server(taken)), 0)
    await api.rows(sql`update mails set next_attempt_at = now() - interval '11 minutes'`)
    await wakeOverdueMails(api.system)
    await wakeOverdueMails(api.system)
    assert.equal(await deliverAll(server(taken)), 1)
  })

  it('gives up on a message that is refused for good, and goes on with the next', async () => {
    await queue('nobody@example.test')
    await queue('ada@example.test')
    const mailer = server((message) =>
      message.to.startsWith('nobody')
        ? { outcome: 'failed', is_permanent: true, reason: 'recipient_refused', smtp_code: 550 }
        : taken(message),
    )
    await deliverAll(mailer)
    assert.deepEqual(
      (await mails()).map(({ status, last_error }) => [status, last_error]),
      [
        ['failed', 'recipient_refused 550'],
        ['sent', null],
      ],
    )
  })

  it('is shared by servers without sending anything twice', async () => {
    const ids = await Promise.all(Array.from({ length: 10 }, (_, index) => queue(`person${index}@example.test`)))
    const mailer = server(taken)
    const thrice = [ids, ids.toReversed(), ids].flat()
    await Promise.all(thrice.map((id) => deliverMail(api.system, mailer, id)))
    assert.equal(mailer.sent.length, 10)
    assert.equal(new Set(mailer.sent.map(({ to }) => to)).size, 10)
  })

  it('tells the traces how each was taken, and nothing of whom it went to', async () => {
    await using collector = await startCollector()
    const tracing = await openTracing(
      { trace_endpoint: collector.url, trace_share: 1, services: [] },
      '1.2.3',
      api.system.log,
    )
    const system = { ...api.system, tracing }
    const id = await queue('canary-address@example.test')
    await deliverMail(
      system,
      server(() => away),
      id,
    )
    await api.rows(sql`update mails set next_attempt_at = now()`)
    await deliverMail(system, server(taken), id)
    await tracing?.close()
    assert.deepEqual(
      collector.spans.map(({ name, kind, attributes }) => [name, kind, attributes['error.type']]),
      [
        ['mail send', 3, 'unreachable'],
        ['mail send', 3, undefined],
      ],
    )
    assert.ok(!collector.text().includes('canary') && !collector.text().includes(id))
  })

  it('keeps the messages where no mail server is configured', async () => {
    await queue()
    await deliverAll(undefined)
    assert.deepEqual(
      (await mails()).map(({ status }) => status),
      ['kept'],
    )
  })
})
