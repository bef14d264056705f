import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mailLanguage, mailLanguages, type MailTemplate, type MailTemplates, renderMail } from './templates.ts'

const hospital = 'Saint Mary'
const link = 'https://ward.example.org/x#token'
const timezone = 'America/New_York'
const until = { hospital, link, timezone, expires_at: '2026-12-01T14:00:00Z' }
const event = { hospital, link, timezone, happened_at: '2026-12-01T14:00:00Z' }
const booking = {
  hospital,
  link,
  timezone,
  confirmation_code: 'APT-20261201-0007',
  appointment_time: '2026-12-01T14:00:00Z',
}

const samples: { [Name in MailTemplate]: MailTemplates[Name] } = {
  invitation: until,
  password_reset: until,
  registration_verification: until,
  registration_repeated: { hospital, link },
  address_verification: until,
  address_known: { hospital, link },
  address_change_requested: event,
  account_changed: { ...event, what: 'email' },
  sign_in_locked: event,
  emergency_access: event,
  emergency_copy_opened: event,
  activity_findings: { hospital, link, count: 3 },
  appointment_confirmed: booking,
  appointment_changed: booking,
  appointment_cancelled: booking,
  appointment_reminder: booking,
  waitlist_offer: { ...until, appointment_time: '2026-12-01T14:00:00Z' },
}

function render<Name extends MailTemplate>(name: Name, language: (typeof mailLanguages)[number]) {
  return renderMail(name, language, samples[name])
}

const names = Object.keys(samples) as MailTemplate[]

describe('an e-mail', () => {
  for (const name of names) {
    for (const language of mailLanguages) {
      it(`${name} in ${language} has a subject of one line, its link whole, and nothing left open`, () => {
        const { subject, text } = render(name, language)
        assert.match(subject, /^[^\r\n]{10,78}$/)
        assert.ok(text.split(/\s/).includes(link))
        assert.doesNotMatch(`${subject}${text}`, /undefined|null|NaN|\$\{|\[object/)
        assert.ok(text.endsWith('\n'))
      })
    }

    it(`${name} is translated, line by line`, () => {
      const [english, spanish] = mailLanguages.map((language) => render(name, language))
      assert.notEqual(english?.subject, spanish?.subject)
      const linesOf = (text = '') => text.split('\n').filter((line) => line !== '' && line !== link)
      assert.equal(linesOf(english?.text).length, linesOf(spanish?.text).length)
      assert.equal(linesOf(english?.text).filter((line) => linesOf(spanish?.text).includes(line)).length, 0)
    })
  }

  it('tells an appointment’s hour where the hospital is, with the zone', () => {
    assert.match(render('appointment_confirmed', 'en').text, /Tuesday, December 1, 2026.*9:00\sAM EST/)
    assert.match(render('appointment_confirmed', 'es').text, /martes, 1 de diciembre de 2026.*9:00.*GMT-5/)
    const summer = { ...booking, appointment_time: '2026-07-01T14:00:00Z' }
    assert.match(renderMail('appointment_reminder', 'en', summer).text, /10:00\sAM EDT/)
  })

  it('names what was changed in an account', () => {
    const texts = (['email', 'password', 'mfa'] as const).map((what) => {
      return renderMail('account_changed', 'en', { ...event, what }).text
    })
    assert.match(texts.join(), /e-mail address of.*password of.*second factor of/s)
  })
})

describe('the language', () => {
  const table: [string | null | undefined, string][] = [
    ['es', 'es'],
    ['es-MX', 'es'],
    ['ES', 'es'],
    ['en-GB', 'en'],
    ['ar', 'en'],
    ['est', 'en'],
    ['', 'en'],
    [null, 'en'],
    [undefined, 'en'],
  ]
  for (const [preferred, expected] of table) {
    it(`is ${expected} for ${String(preferred)}`, () => assert.equal(mailLanguage(preferred), expected))
  }
})
