import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readSmtpUrl } from './smtp-url.ts'

describe('SMTP_URL', () => {
  const tls = { minVersion: 'TLSv1.2' }
  const open = { secure: false, requireTLS: false, ignoreTLS: true, tls }
  const startTls = { secure: false, requireTLS: true, ignoreTLS: false, tls }
  const fromTheStart = { secure: true, requireTLS: false, ignoreTLS: false, tls }
  const auth = { user: 'care@example.org', pass: 'p@ss:/' }
  const table: [string, ReturnType<typeof readSmtpUrl> | object][] = [
    ['smtp://mail.example.org', { host: 'mail.example.org', port: 587, ...startTls }],
    ['smtp://mail.example.org:2525/', { host: 'mail.example.org', port: 2525, ...startTls }],
    ['smtps://mail.example.org', { host: 'mail.example.org', port: 465, ...fromTheStart }],
    [
      'smtps://care%40example.org:p%40ss%3A%2F@mail.example.org',
      { host: 'mail.example.org', port: 465, ...fromTheStart, auth },
    ],
    ['smtp://localhost:1025', { host: 'localhost', port: 1025, ...open }],
    ['smtp://127.0.0.1:1025', { host: '127.0.0.1', port: 1025, ...open }],
    ['smtp://[::1]:1025', { host: '::1', port: 1025, ...open }],
    ['smtp://localhost:1025?requireTLS=true', { host: 'localhost', port: 1025, ...startTls }],
    ['smtp://mailpit:1025?ignoreTLS=true', { host: 'mailpit', port: 1025, ...open }],
    ['smtp://mailpit:1025?ignoreTLS=false', { host: 'mailpit', port: 1025, ...startTls }],
    ['smtp://localhost.example.org', { host: 'localhost.example.org', port: 587, ...startTls }],
  ]
  for (const [url, expected] of table) {
    it(`is read from ${url}`, () => assert.deepEqual(readSmtpUrl(url), expected))
  }

  const refused = [
    '',
    'mail.example.org',
    'http://mail.example.org',
    'smtp://',
    'smtp://host/path',
    'smtp://host?pool=true',
    'smtp://host?ignoreTLS=yes',
    'smtps://host?ignoreTLS=true',
    'smtp://host?ignoreTLS=true&requireTLS=true',
    'smtp://user:canary@host?tls.rejectUnauthorized=false',
    'smtp://user:canary@host:99999',
    'smtp://user:100%canary@host',
  ]
  for (const url of refused) {
    it(`is refused, without repeating it, as ${JSON.stringify(url)}`, () => {
      assert.throws(
        () => readSmtpUrl(url),
        (error) => error instanceof TypeError && !error.message.includes('canary'),
      )
    })
  }
})
