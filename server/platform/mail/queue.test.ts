import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { startTestApi, type TestApi } from '../../testing.ts'
import type { Mailer, MailMessage, MailResult } from './mailer.ts'
import { deliverMails, queueMail } from './queue.ts'

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
  beforeEach(async () => void (await api.rows(sql`delete from mails`)))

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
    assert.equal(await deliverMails(api.system, mailer), 1)
    assert.equal(await deliverMails(api.system, mailer), 0)
    const [message] = mailer.sent
    assert.deepEqual([message?.event_id, message?.to], [id, 'ada@example.test'])
    assert.match(message?.text ?? '', /at Saint Mary.*owp_canary.*9:00\sAM EST/s)
  })

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

  it('tries again when the mail server is away, in order, and sends each message once', async () => {
    await Promise.all([queue('a@example.test'), queue('b@example.test')])
    assert.equal(
      await deliverMails(
        api.system,
        server(() => away),
      ),
      0,
    )
    assert.deepEqual(
      (await mails()).map(({ status }) => status),
      ['waiting', 'waiting'],
    )
    const [tried] = await api.rows(
      sql<{
        seconds: number
      }>`select extract(epoch from next_attempt_at - now())::int as seconds from mails where attempts = 1`,
    )
    assert.ok(tried && tried.seconds > 50 && tried.seconds <= 60)
    await api.rows(sql`update mails set next_attempt_at = now()`)
    const mailer = server(taken)
    assert.equal(await deliverMails(api.system, mailer), 2)
    assert.equal(new Set(mailer.sent.map(({ event_id }) => event_id)).size, 2)
  })

  it('gives up on a message that is refused for good, and goes on with the next', async () => {
    await queue('nobody@example.test')
    await queue('ada@example.test')
    const mailer = server((message) =>
      message.to.startsWith('nobody')
        ? { outcome: 'failed', is_permanent: true, reason: 'recipient_refused', smtp_code: 550 }
        : taken(message),
    )
    await deliverMails(api.system, mailer)
    assert.deepEqual(
      (await mails()).map(({ status, last_error }) => [status, last_error]),
      [
        ['failed', 'recipient_refused 550'],
        ['sent', null],
      ],
    )
  })

  it('is shared by servers without sending anything twice', async () => {
    await Promise.all(Array.from({ length: 10 }, (_, index) => queue(`person${index}@example.test`)))
    const mailer = server(taken)
    await Promise.all(Array.from({ length: 4 }, () => deliverMails(api.system, mailer)))
    assert.equal(mailer.sent.length, 10)
    assert.equal(new Set(mailer.sent.map(({ to }) => to)).size, 10)
  })

  it('keeps the messages where no mail server is configured', async () => {
    await queue()
    await deliverMails(api.system, undefined)
    assert.deepEqual(
      (await mails()).map(({ status }) => status),
      ['kept'],
    )
  })
})
