import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { describe, it } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import fc from 'fast-check'
import type { SMTPServerOptions } from 'smtp-server'
import { createMailer, type MailMessage, type MailResult } from './mailer.ts'
import { listen, startSmtp } from './smtp.testing.ts'

const message: MailMessage = {
  event_id: '0199d6a0-0000-7000-8000-00000000000e',
  to: 'maria@example.net',
  subject: 'Su cita – confirmación',
  text: 'Hola, ¿qué tal?\r\n',
}

function mailerFor(port: number, query = '', credentials = '') {
  const smtp_url = `smtp://${credentials}127.0.0.1:${port}${query}`
  return createMailer({ smtp_url, mail_from: 'Saint Mary <care@example.org>', timeout_ms: 2000 })
}

/** What SMTP servers answer is an Error with a code. */
function answer(responseCode: number, words: string): Error {
  return Object.assign(new Error(words), { responseCode })
}

function header(source: string, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)$`, 'im').exec(source)?.[1]?.trim()
}

/** A mail server that greets with these words, and says nothing else. */
async function startGreeting(words: string) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.end(`${words}\r\n`)
  })
  const port = await listen(server)
  return { port, [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) }
}

describe('a message', () => {
  it('waits where the mail server turns everybody away', async () => {
    await using smtp = await startGreeting('554 5.3.2 No service here')
    assert.deepEqual(await mailerFor(smtp.port).send(message), {
      outcome: 'failed',
      is_permanent: false,
      reason: 'other',
      smtp_code: 554,
      enhanced_code: '5.3.2',
    })
  })

  it('waits where the name of the mail server leads nowhere', async () => {
    const mailer = createMailer({ smtp_url: 'smtp://mail.invalid:25', mail_from: 'care@example.org' })
    const unreachable: MailResult = { outcome: 'failed', is_permanent: false, reason: 'unreachable' }
    assert.deepEqual(await mailer.send(message), unreachable)
  })

  it('arrives with sender, recipient, subject and text', async () => {
    await using smtp = await startSmtp()
    const result = await mailerFor(smtp.port).send(message)
    const [mail] = smtp.received
    assert.ok(mail)
    assert.deepEqual([mail.from, mail.to], ['care@example.org', ['maria@example.net']])
    assert.equal(header(mail.source, 'From'), 'Saint Mary <care@example.org>')
    assert.equal(header(mail.source, 'To'), 'maria@example.net')
    assert.equal(header(mail.source, 'Auto-Submitted'), 'auto-generated')
    assert.match(header(mail.source, 'Subject') ?? '', /^=\?UTF-8\?/)
    assert.deepEqual(result, { outcome: 'sent', message_id: header(mail.source, 'Message-ID') })
    assert.match(mail.source, /Content-Type: text\/plain; charset=utf-8/)
  })

  it('has a Message-ID that a retry keeps and that another event or recipient does not share', async () => {
    await using smtp = await startSmtp()
    const mailer = mailerFor(smtp.port)
    for (const other of [{}, {}, { to: 'jo@example.net' }, { event_id: 'another' }])
      await mailer.send({ ...message, ...other })
    const [first, retry, ...others] = smtp.received.map(({ source }) => header(source, 'Message-ID'))
    assert.match(first ?? '', /^<[0-9a-f]{40}@example\.org>$/)
    assert.equal(retry, first)
    assert.equal(new Set([first, ...others]).size, 3)
  })

  it('carries HTML beside the text, and attachments', async () => {
    await using smtp = await startSmtp()
    const attachments = [
      { filename: 'cita.ics', content_type: 'text/calendar', content: Buffer.from('BEGIN:VCALENDAR') },
    ]
    await mailerFor(smtp.port).send({ ...message, html: '<p>Hola</p>', attachments })
    const source = smtp.received[0]?.source ?? ''
    assert.match(source, /multipart\/alternative/)
    assert.match(source, /Content-Type: text\/calendar; name=cita\.ics/)
    assert.ok(source.includes(Buffer.from('BEGIN:VCALENDAR').toString('base64')))
  })

  it('cannot add a header through its subject', async () => {
    await using smtp = await startSmtp()
    await mailerFor(smtp.port).send({ ...message, subject: 'Hello\r\nBcc: thief@example.com' })
    assert.equal(header(smtp.received[0]?.source ?? '', 'Bcc'), undefined)
    assert.deepEqual(smtp.received[0]?.to, ['maria@example.net'])
  })

  const refusedAddresses = [
    '',
    'maria',
    '@example.net',
    'maria@',
    'a@example.net,b@example.net',
    'a@example.net b@example.net',
    'Maria <a@example.net>',
    'a@example.net>\r\nRCPT TO:<b@example.net',
    'a@b@example.net',
    'a@-example.net',
  ]
  for (const to of refusedAddresses) {
    it(`does not leave for the address ${JSON.stringify(to)}`, async () => {
      await using smtp = await startSmtp()
      const result = await mailerFor(smtp.port).send({ ...message, to })
      assert.deepEqual(result, { outcome: 'failed', is_permanent: true, reason: 'address_invalid' })
      assert.equal(smtp.received.length, 0)
    })
  }

  it('goes to nobody but its one recipient, whatever the address', async () => {
    await using smtp = await startSmtp()
    const mailer = mailerFor(smtp.port)
    const odd = fc.string({
      unit: fc.constantFrom('a', 'é', '<', '>', ',', ';', ' ', '"', '@', '.', '\n', '\0', '%', ':'),
    })
    await fc.assert(
      fc.asyncProperty(odd, async (local) => {
        smtp.received.length = 0
        await mailer.send({ ...message, to: `${local}@example.net` })
        for (const { to } of smtp.received) assert.equal(to.length, 1)
      }),
      { numRuns: 40 },
    )
  })
})

describe('a failure', () => {
  const table: [string, SMTPServerOptions, Partial<Extract<MailResult, { outcome: 'failed' }>>][] = [
    [
      'for an unknown recipient is permanent',
      { onRcptTo: ({ address }, _session, done) => done(answer(550, `5.1.1 no mailbox ${address}`)) },
      { is_permanent: true, reason: 'recipient_refused', smtp_code: 550, enhanced_code: '5.1.1' },
    ],
    [
      'for a recipient who is asked to wait is not',
      { onRcptTo: (_address, _session, done) => done(answer(450, '4.2.1 greylisted')) },
      { is_permanent: false, reason: 'busy', smtp_code: 450, enhanced_code: '4.2.1' },
    ],
    [
      'for a refused message is permanent',
      {
        onData: (stream, _session, done) => void stream.resume().on('end', () => done(answer(554, 'looks like spam'))),
      },
      { is_permanent: true, reason: 'message_refused', smtp_code: 554 },
    ],
    [
      'for a server without room is not',
      { onData: (stream, _session, done) => void stream.resume().on('end', () => done(answer(452, 'disk full'))) },
      { is_permanent: false, reason: 'busy', smtp_code: 452 },
    ],
    [
      'for our sender is the operator’s to mend',
      { onMailFrom: (_address, _session, done) => done(answer(550, 'not you')) },
      { is_permanent: false, reason: 'sender_refused', smtp_code: 550 },
    ],
    [
      'of a server that closes the door is not permanent',
      { onConnect: (_session, done) => done(answer(421, 'closing')) },
      { is_permanent: false, smtp_code: 421, reason: 'busy' },
    ],
  ]
  for (const [what, options, expected] of table) {
    it(what, async () => {
      await using smtp = await startSmtp(options)
      const result = await mailerFor(smtp.port).send(message)
      assert.deepEqual(result, { outcome: 'failed', ...expected })
      assert.doesNotMatch(JSON.stringify(result), /maria|mailbox/)
    })
  }

  it('to log in is the operator’s to mend', async () => {
    const onAuth: SMTPServerOptions['onAuth'] = (_auth, _session, done) => done(answer(535, 'bad credentials'))
    await using smtp = await startSmtp({ onAuth, authOptional: false, allowInsecureAuth: true })
    const result = await mailerFor(smtp.port, '', 'care:canary@').send(message)
    assert.deepEqual(result, { outcome: 'failed', is_permanent: false, reason: 'login_refused', smtp_code: 535 })
  })

  it('to reach a server that is gone may be tried again, and succeeds once it is back', async () => {
    const smtp = await startSmtp()
    const mailer = mailerFor(smtp.port)
    await smtp.stop()
    assert.deepEqual(await mailer.send(message), { outcome: 'failed', is_permanent: false, reason: 'unreachable' })
    await using again = await startSmtp()
    assert.equal((await mailerFor(again.port).send(message)).outcome, 'sent')
  })

  it('of a server that says nothing ends with the time-out', async () => {
    const silent = createServer()
    const sockets = new Set<{ destroy(): void }>()
    silent.on('connection', (socket) => sockets.add(socket))
    const port = await listen(silent)
    const mailer = createMailer({ smtp_url: `smtp://127.0.0.1:${port}`, mail_from: 'care@example.org', timeout_ms: 50 })
    assert.deepEqual(await mailer.send(message), { outcome: 'failed', is_permanent: false, reason: 'timed_out' })
    for (const socket of sockets) socket.destroy()
    silent.close()
  })

  it('of a server that hangs up in the middle is not permanent', async () => {
    const rude = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.destroy())
      socket.write('220 hello\r\n')
    })
    const port = await listen(rude)
    const result = await mailerFor(port).send(message)
    assert.deepEqual(result, { outcome: 'failed', is_permanent: false, reason: 'unreachable' })
    rude.close()
  })
})

/** A certificate for 127.0.0.1, made for this run. */
function makeCertificate(): { key: string; cert: string } | undefined {
  const options = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1'
  const { stdout } = spawnSync('openssl', [...options.split(' '), '-keyout', '-', '-out', '-'], { encoding: 'utf8' })
  const [key, cert] = ['PRIVATE KEY', 'CERTIFICATE'].map((what) => {
    return new RegExp(`-----BEGIN ${what}-----[^]*?-----END ${what}-----`).exec(stdout ?? '')?.[0]
  })
  return key !== undefined && cert !== undefined ? { key, cert } : undefined
}

const madeCertificate = makeCertificate()

describe('required TLS', () => {
  it('keeps the message back from a server that offers none', async () => {
    await using smtp = await startSmtp()
    const result = await mailerFor(smtp.port, '?requireTLS=true').send(message)
    assert.deepEqual([result.outcome, 'is_permanent' in result && result.is_permanent], ['failed', false])
    assert.equal(smtp.received.length, 0)
  })

  it('keeps it back from a server whose certificate nobody vouches for', async () => {
    await using smtp = await startSmtp({ disabledCommands: [], ...madeCertificate })
    const result = await mailerFor(smtp.port, '?requireTLS=true').send(message)
    assert.deepEqual(result, { outcome: 'failed', is_permanent: false, reason: 'tls_failed' })
    assert.equal(smtp.received.length, 0)
  })

  it(
    'lets it pass encrypted where the certificate holds',
    { skip: madeCertificate ? false : 'no openssl here' },
    async () => {
      assert.ok(madeCertificate)
      const before = getCACertificates()
      setDefaultCACertificates([...before, madeCertificate.cert])
      try {
        await using smtp = await startSmtp({ disabledCommands: [], ...madeCertificate })
        assert.equal((await mailerFor(smtp.port, '?requireTLS=true').send(message)).outcome, 'sent')
        assert.equal(smtp.received[0]?.is_secure, true)
      } finally {
        setDefaultCACertificates(before)
      }
    },
  )
})

describe('MAIL_FROM', () => {
  const smtp_url = 'smtp://localhost:5700'
  for (const mail_from of [
    'care@example.org',
    'Saint Mary <care@example.org>',
    '"Saint Mary, Ward" <care@example.org>',
  ]) {
    it(`may be ${mail_from}`, () => assert.doesNotThrow(() => createMailer({ smtp_url, mail_from })))
  }
  for (const mail_from of ['', 'care', 'a@example.org, b@example.org', 'x\r\nBcc: y <a@example.org>']) {
    it(`may not be ${JSON.stringify(mail_from)}`, () => {
      assert.throws(() => createMailer({ smtp_url, mail_from }), TypeError)
    })
  }
})
