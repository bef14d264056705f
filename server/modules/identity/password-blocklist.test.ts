import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dictionary } from '@zxcvbn-ts/language-common'
import fc from 'fast-check'
import { checkPassword, type PasswordOwner, type PasswordRefusal } from './password-blocklist.ts'

const nobody: PasswordOwner = { names: [], emails: [], mfa: false }
const maria = {
  names: ['María José', 'Li', 'O’Neill'],
  emails: ['m.oneill77@example.org', 'pat@example.org'],
  mfa: false,
}

function codeFor(password: string, owner = nobody): PasswordRefusal['code'] | undefined {
  return checkPassword(password, owner)?.code
}

describe('length', () => {
  const phrase = 'xylem violet harbour '.repeat(8)
  const table: [string, number, boolean, PasswordRefusal['code'] | undefined][] = [
    ['nothing', 0, false, 'password_too_short'],
    ['14 without a second factor', 14, false, 'password_too_short'],
    ['15 without a second factor', 15, false, undefined],
    ['7 with a second factor', 7, true, 'password_too_short'],
    ['8 with a second factor', 8, true, undefined],
    ['64', 64, false, undefined],
    ['128', 128, false, undefined],
    ['129', 129, false, 'password_too_long'],
  ]
  for (const [what, length, mfa, code] of table) {
    it(`of ${what} is ${code ?? 'accepted'}`, () => {
      assert.equal(codeFor(phrase.slice(0, length), { ...nobody, mfa }), code)
    })
  }

  it('counts code points, however many units or bytes they take', () => {
    const emoji = Array.from('🦊🐢🌵🎻🧲🪁🧵🪵🧊🫐🥁🪐🦉🧭🪞')
    assert.equal(emoji.length, 15)
    assert.equal(codeFor(emoji.join('')), undefined)
    assert.equal(codeFor(emoji.slice(1).join('')), 'password_too_short')
    assert.equal(codeFor('пароль长い🔑xé'.repeat(11).slice(0, 128)), undefined)
  })

  it('counts a composed and a decomposed accent alike', () => {
    const password = 'élan prévu tôtà'
    assert.equal(Array.from(password).length, 15)
    assert.equal(codeFor(password.normalize('NFD')), undefined)
    assert.equal(codeFor(password.normalize('NFD').slice(0, -2)), 'password_too_short')
  })
})

describe('acceptable', () => {
  const accepted = [
    'horse lamp river',
    'fifteen letters',
    'correct horse battery staple',
    'purple elephants',
    'the password is not here',
    'tuesday dragons sing',
    'UPPER CASE ONLY HERE',
    '83920175620194837562',
    'xK2#vLm9qR!t4Wz',
    'ni hao shijie wo shi',
    'Сегодня идёт дождь',
    'أحب القهوة في الصباح',
  ]
  for (const password of accepted) {
    it(`is ${JSON.stringify(password)}`, () => assert.equal(codeFor(password), undefined))
  }

  it('is whatever is random enough, without composition rules', () => {
    const letters = fc.string({
      unit: fc.constantFrom(...Array.from('abcdefghijklmnopqrstuvwxyz ')),
      minLength: 24,
      maxLength: 128,
    })
    const random = letters.filter((text) => new Set(text).size > 12)
    fc.assert(fc.property(random, (password) => assert.equal(codeFor(password), undefined)))
  })
})

describe('known', () => {
  const refused = [
    'passwordpassword',
    'PasswordPassword',
    'password password',
    'passwordpasswordpass',
    'password-password-password',
    'p@ssw0rdp@ssw0rd',
    'password12345678',
    '!!!password2026!!!',
    '1234567890123456',
    '123456789012345',
    '987654321098765',
    'abcdefghijklmnop',
    'ponmlkjihgfedcba',
    'qwertyuiopasdfgh',
    '1qaz2wsx3edc4rfv5tgb',
    'aaaaaaaaaaaaaaa',
    'ééééééééééééééé',
    'abababababababab',
    'abcabcabcabcabc',
    '111222333444555',
    'letmeinletmein!!',
    'ｐａｓｓｗｏｒｄｐａｓｓｗｏｒｄ',
    'pässwörd pässwörd',
    '               ',
    '---------------',
  ]
  for (const password of refused) {
    it(`is ${JSON.stringify(password)}`, () => assert.equal(codeFor(password), 'password_common'))
  }

  it('is every listed password that is long enough, and twice each of the first 3,000', () => {
    const listed = dictionary['passwords-common']
    const long = listed.filter((password) => password.length >= 15)
    const twice = listed.slice(0, 3000).map((password) => password.repeat(Math.ceil(15 / password.length) + 1))
    assert.ok(long.length > 30 && twice.length === 3000)
    const accepted = [...long, ...twice].filter((password) => codeFor(password) !== 'password_common')
    assert.deepEqual(accepted, [])
  })

  it('is a listed password of eight with a second factor too', () => {
    assert.equal(codeFor('password', { ...nobody, mfa: true }), 'password_common')
    assert.equal(codeFor('sunshine', { ...nobody, mfa: true }), 'password_common')
  })
})

describe('personal', () => {
  const refused: [string, string][] = [
    ['the product twice', 'openwardopenward'],
    ['the product in other writing', 'Open-Ward OpenWard!'],
    ['the product and a listed password', 'openwardpassword'],
    ['the product and digits', 'openward12345678'],
    ['the own first name', 'hello from maria today'],
    ['the own first name with its accent', 'hello from MARÍA today'],
    ['both first names together', 'xx mariajose xx 99'],
    ['the own last name', 'a long oneill phrase'],
    ['the own last name in two pieces', 'a long o-neill phrase'],
    ['a short name standing alone', 'tea with li at noon'],
    ['a short name again and again', 'LiLiLiLiLiLiLiLi'],
    ['the e-mail’s local part twice', 'm.oneill77m.oneill77'],
    ['a short local part again and again', 'patpatpatpatpat'],
    ['the whole e-mail', 'm.oneill77@example.org'],
  ]
  for (const [what, password] of refused) {
    it(`is a password with ${what}`, () => {
      const code = codeFor(password, maria)
      assert.ok(code === 'password_personal' || code === 'password_common', `got ${code}`)
    })
  }

  const accepted: [string, string][] = [
    ['a short name inside of another word', 'olive climate limit'],
    ['the e-mail’s short local part inside of a word', 'a patient gardener'],
    ['the product beside enough of its own', 'openward velvet teapot'],
    ['another person’s name', 'hello from frederick'],
  ]
  for (const [what, password] of accepted) {
    it(`is not a password with ${what}`, () => assert.equal(codeFor(password, maria), undefined))
  }

  it('tolerates a short number of the user name, which is in anybody’s password by chance', () => {
    const owner = { names: ['Robin', 'staff.7'], emails: ['staff.7@example.org'], mfa: false }
    assert.equal(codeFor('horse-7-lamp-river', owner), undefined)
  })

  it('tolerates names and addresses that are empty or hold no letter', () => {
    const owner = { names: ['', ' ', '-', '.'], emails: ['', '@', 'no-at-sign', '…@x'], mfa: false }
    assert.equal(codeFor('horse lamp river', owner), undefined)
  })
})

describe('a refusal', () => {
  it('never repeats the password, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 6, maxLength: 140 }), fc.boolean(), (password, mfa) => {
        const refusal = checkPassword(password, { names: [password], emails: [`${password}@x.io`], mfa })
        if (refusal) assert.ok(!refusal.message.includes(password))
      }),
    )
  })

  it('meets text that is not valid Unicode, which two passwords could share once encoded', () => {
    assert.equal(codeFor('horse lamp river \ud800'), 'password_malformed')
  })
})
