import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { forbidden, integrityError, invalidRequest, notFound } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import type { Log } from '#platform/logging.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { emergencyAccessApi } from './emergency-access.contract.ts'
import { emergencyContactApi } from './emergency-contact.contract.ts'
import { insuranceApi } from './insurance.contract.ts'
import { IdentityCard, likelyDuplicates, type Patient, patientApi } from './patient.contract.ts'
import { openPatientNames } from './patient-names.ts'
import { ListedPatient, patientSearchApi } from './patient-search.contract.ts'
import { nextPerson } from './people.testing.ts'

let api: TestApi
let staff: Person
let nurse: Person
let agustin: Patient
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
  nurse = await api.person('nurse', { department_id: await api.department() })
  const body = {
    ...nextPerson(),
    first_name: 'Agustín',
    last_name: 'Fonseca Güell',
    date_of_birth: '1956-08-03',
    email: 'Agustin@Example.org',
    national_id: 'AB 123456',
  }
  agustin = await staff.call(patientApi.register, { body })
  await api.app.start()
  await complete()
})
after(async () => api[Symbol.asyncDispose]())

/** Once the index knows everyone. */
async function complete(of = api) {
  for (;;) {
    const { parts } = JSON.parse((await of.send({ method: 'GET', url: '/health/ready', headers: {} })).text) as {
      parts: { name_index: { status: string } }
    }
    if (parts.name_index.status === 'ok') return
    await new Promise(setImmediate)
  }
}

const find = (who: Person, query: Record<string, string>) => who.call(patientSearchApi.find, { query })
const list = (who: Person, query: Record<string, string> = {}) => who.call(patientSearchApi.list, { query })
const idsOf = ({ items }: { items: { id: string }[] }) => items.map(({ id }) => id)

describe('the search in one box', () => {
  for (const [what, q] of [
    ['the name', 'Agustín Fonseca'],
    ['words in another order, without diacritics', 'fonseca agustin'],
    ['a part of the name', 'fonse'],
    ['a slip', 'agustin fonsca'],
    ['a name without its diaeresis', 'guell'],
    ['a birth date', '1956-08-03'],
    ['a birth date as it is written in the country', '8/3/1956'],
    ['a name and a birth date', 'fonseca 1956-08-03'],
    ['an e-mail address in other letters', 'agustin@example.ORG'],
    ['a national id without its space', 'ab123456'],
  ] as const) {
    it(`finds a person by ${what}`, async () => assert.ok(idsOf(await find(staff, { q })).includes(agustin.id)))
  }

  it('finds a person by phone, SSN and number however they are written', async () => {
    for (const q of [
      agustin.phone_primary ?? '',
      (agustin.phone_primary ?? '').slice(2),
      agustin.ssn ?? '',
      (agustin.ssn ?? '').replaceAll('-', ''),
      agustin.patient_number.toLowerCase(),
    ]) {
      assert.deepEqual(idsOf(await find(staff, { q })), [agustin.id])
    }
  })
})

describe('finding', () => {
  it('shows identity cards with masked identifiers, and whether the record may be opened', async () => {
    const params = { patient_id: agustin.id }
    for (const [who, may_open] of [
      [staff, true],
      [nurse, false],
      [await api.person('admin'), true],
    ] as const) {
      const { items } = await find(who, { medical_number: agustin.patient_number })
      assert.deepEqual(
        items.map((item) => Object.keys(item).toSorted()),
        [Object.keys(IdentityCard.shape).toSorted()],
      )
      assert.deepEqual([items[0]?.may_open, items[0]?.ssn], [may_open, `***-**-${agustin.ssn?.slice(-4)}`])
      const reading = who.call(patientApi.read, { params })
      await (may_open ? reading : assert.rejects(reading, refusedWith(notFound)))
    }
  })

  it('takes criteria in the body, and all must fit', async () => {
    const search = (body: object) =>
      staff.call(patientSearchApi.search, { body: body as { q?: string; limit?: number } })
    assert.deepEqual(
      idsOf(await search({ phone: agustin.phone_primary, name: 'fonseca', date_of_birth: '1956-08-03' })),
      [agustin.id],
    )
    assert.deepEqual(idsOf(await search({ phone: agustin.phone_primary, name: 'smith' })), [])
    assert.deepEqual(idsOf(await search({ phone: agustin.phone_primary, date_of_birth: '1956-08-04' })), [])
    assert.deepEqual(idsOf(await search({ email: 'agustin@example.org', ssn: agustin.ssn })), [agustin.id])
  })

  it('is refused where nothing or nonsense is asked', async () => {
    await assert.rejects(find(staff, {}), refusedWith(invalidRequest, '/query/q'))
    await assert.rejects(
      find(staff, { ssn: '000-00-0000', phone: 'x' }),
      refusedWith(invalidRequest, '/query/ssn', '/query/phone'),
    )
    await assert.rejects(find(staff, { last_name: 'x' }), refusedWith(invalidRequest, '/query/last_name'))
  })

  it('shows whom a role may find and not open', async () => {
    await api.rows(sql`insert into roles (name, permissions, mfa) values ('finder', array['patients:find'], 'default')`)
    const finder = await api.person('finder')
    const { items } = await find(finder, { q: 'fonseca' })
    const cards = await finder.call(patientSearchApi.cards, { body: { patient_ids: [agustin.id] } })
    for (const found of [items, cards.items])
      assert.deepEqual(
        found.map(({ id, may_open }) => [id, may_open]),
        [[agustin.id, false]],
      )
    await assert.rejects(list(finder), refusedWith(forbidden))
  })

  it('is not for patients', async () => {
    const own = await api.person('patient', { patient_id: agustin.id })
    await assert.rejects(find(own, { q: 'fonseca' }), refusedWith(forbidden))
  })

  it('is recorded once, by kinds of criteria and whom it showed, never by values', async () => {
    await find(nurse, { q: 'fonseca 1956-08-03' })
    const entries = await api.rows(
      sql<{
        details: object
      }>`select details from audit_logs where user_id = ${nurse.user_id} and action = 'patient.search' order by id desc limit 1`,
    )
    assert.deepEqual(entries, [
      { details: { criteria: ['date_of_birth', 'name'], count: 1, patient_ids: [agustin.id] } },
    ])
  })

  it('knows what this server has just written', async () => {
    const { id } = await staff.call(patientApi.register, { body: { ...nextPerson(), last_name: 'Quintero' } })
    assert.deepEqual(idsOf(await find(staff, { q: 'quintero' })), [id])
    await staff.call(patientApi.change, { params: { patient_id: id }, body: { last_name: 'Zubizarreta' } })
    assert.deepEqual(
      [idsOf(await find(staff, { q: 'quintero' })), idsOf(await find(staff, { q: 'zubizareta' }))],
      [[], [id]],
    )
  })

  it('learns what another server has written', { timeout: 30_000 }, async () => {
    const other = await startSecondServer()
    const { id } = await other.call(patientApi.register, { body: { ...nextPerson(), last_name: 'Etxeberria' } })
    for (;;) {
      const found = idsOf(await find(staff, { q: 'etxeberria' }))
      if (found.length === 0) continue
      assert.deepEqual(found, [id])
      return
    }
  })

  it('fills its index again where the database failed meanwhile', { timeout: 30_000 }, async () => {
    await using other = await startTestApi()
    const clerk = await other.person('staff')
    const { id } = await clerk.call(patientApi.register, { body: { ...nextPerson(), last_name: 'Ochoteco' } })
    const owner = new pg.Client({ connectionString: other.owner_url })
    await owner.connect()
    try {
      await owner.query('begin')
      await owner.query('alter table patients rename to patients_away')
      await other.app.start()
      const waiting = sql`
        select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%from patients p join patient_keys%'`
      while ((await other.rows(waiting)).length === 0);
      await owner.query('commit')
      await assert.rejects(find(clerk, { medical_number: 'PT-20000101-0001' }))
      await owner.query('alter table patients_away rename to patients')
    } finally {
      await owner.end()
    }
    await complete(other)
    assert.deepEqual(idsOf(await find(clerk, { q: 'ochoteco' })), [id])
  })

  it('says why its index is gone, and fills it again', { timeout: 30_000 }, async () => {
    const told: unknown[] = []
    const log = Object.assign(Object.create(api.system.log) as Log, {
      error: (...line: unknown[]) => void told.push(line),
    })
    const names = openPatientNames({ ...api.system, log })
    await names.start()
    try {
      const whole = async () => {
        while ((await names.check()).status !== 'ok') await new Promise((resolve) => setTimeout(resolve, 20))
      }
      await whole()
      // No text: nothing that a thread survives.
      const none = await names.search(42 as unknown as string, { limit: 1 })
      assert.deepEqual(none, { ids: [], is_complete: false })
      await whole()
      assert.match(JSON.stringify(told), /the name index failed: it is filled again/)
    } finally {
      await names.stop()
    }
    assert.equal(told.length, 1)
  })

  it('shows only whom a token really belongs to', async () => {
    const { id } = await staff.call(patientApi.register, { body: nextPerson() })
    const kinds = sql`insert into patient_tokens select ${id}, kind, key_version, token from patient_tokens where patient_id = ${agustin.id} and kind = 'phone'`
    await api.rows(kinds)
    assert.deepEqual(idsOf(await find(staff, { phone: agustin.phone_primary ?? '' })), [agustin.id])
  })

  it('looks for a similar name and the same birth date before somebody is registered', async () => {
    const { ssn: _, ...person } = nextPerson()
    await staff.call(patientApi.register, { body: { ...person, first_name: 'Margarethe', last_name: 'Hohenstein' } })
    const again = { ...person, first_name: 'Margarete', last_name: 'Hohenstien', phone_primary: '+14155559999' }
    await assert.rejects(
      staff.call(patientApi.register, { body: again }),
      (error: Error & { kind?: { code: string } }) => error.kind?.code === 'likely_duplicates',
    )
  })

  it('meets the one who is alike among many who share a phone', async () => {
    const phone_primary = '+14155550100'
    for (let at = 0; at < 60; at += 1)
      await staff.call(patientApi.register, { body: { ...nextPerson(), phone_primary, force: true } })
    const { ssn: _, ...person } = { ...nextPerson(), phone_primary }
    await staff.call(patientApi.register, { body: person })
    await assert.rejects(staff.call(patientApi.register, { body: person }), refusedWith(likelyDuplicates))
  })

  /** The same application without a name index of its own, so that it tells nobody but the events. */
  async function startSecondServer(): Promise<Person> {
    const { buildApp } = await import('../../app.ts')
    const { createClient } = await import('#platform/contract/client.ts')
    const app = await buildApp(api.system)
    const send: Person['send'] = async ({ method, url, headers, body }) => {
      const reply = await app.http.inject({
        method,
        url,
        headers: { authorization: `Bearer ${staff.token}`, ...headers },
        ...(body === undefined ? {} : { payload: body }),
      })
      return { status: reply.statusCode, headers: reply.headers as Record<string, string>, text: reply.body }
    }
    return { ...staff, send, call: createClient(send) }
  }
})

describe('the list', () => {
  it('shows those whose records the caller may open, newest first, page by page', async () => {
    const department = await api.person('nurse', { department_id: await api.department() })
    const made: string[] = []
    for (let at = 0; at < 5; at += 1) made.push((await department.call(patientApi.register, { body: nextPerson() })).id)
    const first = await list(department, { limit: '2' })
    assert.deepEqual([idsOf(first), first.total, first.page], [[made[4], made[3]], 5, 1])
    const second = await list(department, { limit: '2', cursor: first.next_cursor ?? '' })
    const third = await list(department, { limit: '2', cursor: second.next_cursor ?? '' })
    assert.deepEqual([idsOf(second), idsOf(third), third.next_cursor], [[made[2], made[1]], [made[0]], null])
    const skipped = await list(department, { limit: '2', skip: '2' })
    assert.deepEqual([idsOf(skipped), skipped.page], [[made[2], made[1]], 2])
    assert.deepEqual(Object.keys(first.items[0] ?? {}).toSorted(), Object.keys(ListedPatient.shape).toSorted())
    const own = await api.person('patient', { patient_id: made[0] ?? '' })
    assert.deepEqual(idsOf(await list(own)), [made[0]])
    assert.deepEqual(idsOf(await list(await api.person('doctor', { doctor: true }))), [])
  })

  it('counts what it shows, for those who see all', async () => {
    const admin = await api.person('admin')
    const [counted] = await api.rows(sql<{ n: number }>`select count(*)::int as n from patients where is_active`)
    assert.equal((await list(admin)).total, counted?.n)
    const { total } = await list(admin, { is_active: 'false' })
    await admin.call(patientApi.delete, {
      params: { patient_id: (await staff.call(patientApi.register, { body: nextPerson() })).id },
      query: {},
    })
    assert.deepEqual(
      [(await list(admin, { is_active: 'false' })).total, (await list(admin)).total],
      [total + 1, counted?.n],
    )
  })

  it('counts what it shows, for those who see some', async () => {
    const here = await api.person('nurse', { department_id: await api.department() })
    const [one, other] = [
      await here.call(patientApi.register, { body: nextPerson() }),
      await here.call(patientApi.register, { body: nextPerson() }),
    ]
    await (await api.person('admin')).call(patientApi.delete, { params: { patient_id: one.id }, query: {} })
    const [active, inactive] = [await list(here), await list(here, { is_active: 'false' })]
    assert.deepEqual(
      [active, inactive].map((page) => [page.total, idsOf(page)]),
      [
        [1, [other.id]],
        [1, [one.id]],
      ],
    )
    // Whoever works in no department has nobody there.
    const nowhere = await list(await api.person('nurse'))
    assert.deepEqual([nowhere.total, nowhere.items], [0, []])
  })

  it('is recorded with whom each page showed, searched or not', async () => {
    const nurse_of_two = await api.person('nurse', { department_id: await api.department() })
    const people = [
      await nurse_of_two.call(patientApi.register, { body: { ...nextPerson(), last_name: 'Ochoteco' } }),
      await nurse_of_two.call(patientApi.register, { body: { ...nextPerson(), last_name: 'Ochoteco' } }),
    ]
    const pages = [
      await list(nurse_of_two, { limit: '1' }),
      await list(nurse_of_two, { limit: '1', skip: '1' }),
      await list(nurse_of_two, { limit: '1', search: 'ochoteco' }),
    ]
    const entries = await api.rows(sql<{ shown: string[] }>`
      select details -> 'patient_ids' as shown from audit_logs where user_id = ${nurse_of_two.user_id} and action = 'patient.list' order by id`)
    assert.deepEqual(
      entries.map(({ shown }) => shown),
      pages.map((page) => idsOf(page)),
    )
    assert.ok(people.some(({ id }) => id === entries[2]?.shown[0]))
  })

  it('searches only within reach', async () => {
    assert.deepEqual(idsOf(await list(staff, { search: 'fonseca' })), [agustin.id])
    const hidden = await list(nurse, { search: 'fonseca' })
    assert.deepEqual([hidden.items, hidden.total], [[], 0])
  })

  it('searched, goes on behind whom the page before ended with, also where that one is found no more', async () => {
    const [admin, who] = [
      await api.person('admin'),
      await api.person('nurse', { department_id: await api.department() }),
    ]
    for (let at = 0; at < 4; at += 1)
      await who.call(patientApi.register, { body: { ...nextPerson(), last_name: 'Ugartemendia' } })
    const search = 'ugartemendia'
    const ids = idsOf(await list(who, { search }))
    assert.equal(ids.length, 4)
    const first = await list(who, { search, limit: '2' })
    const rest = await list(who, { search, limit: '2', cursor: first.next_cursor ?? '' })
    assert.deepEqual([idsOf(first), idsOf(rest), rest.next_cursor], [ids.slice(0, 2), ids.slice(2), null])
    assert.deepEqual([first.total, rest.total], [4, 4])
    await admin.call(patientApi.delete, { params: { patient_id: ids[1] ?? '' }, query: {} })
    const later = await list(who, { search, limit: '2', cursor: first.next_cursor ?? '' })
    assert.deepEqual([idsOf(later), later.next_cursor], [ids.slice(2), null])
  })

  it('refuses what no page can be', async () => {
    await assert.rejects(list(staff, { limit: '101' }), refusedWith(invalidRequest, '/query/limit'))
    for (const cursor of ['x', `1.${agustin.id}`])
      await assert.rejects(list(staff, { cursor }), refusedWith(invalidRequest, '/query/cursor'))
    await assert.rejects(
      list(staff, { search: 'fonseca', cursor: agustin.id }),
      refusedWith(invalidRequest, '/query/cursor'),
    )
    await assert.rejects(list(staff, { sort: 'last_name' }), refusedWith(invalidRequest, '/query/sort'))
  })
})

describe('a value that was altered or moved', () => {
  const broken = async (alter: (one: string, other: string) => Promise<unknown>) => {
    const one = await staff.call(patientApi.register, { body: nextPerson() })
    const other = await staff.call(patientApi.register, { body: nextPerson() })
    await alter(one.id, other.id)
    return { one, other }
  }
  for (const [what, alter] of [
    [
      'a flipped bit',
      (one: string) =>
        api.rows(
          sql`update patients set sealed_card = set_bit(sealed_card, 200, 1 - get_bit(sealed_card, 200)) where id = ${one}`,
        ),
    ],
    [
      'a cut tag',
      (one: string) =>
        api.rows(
          sql`update patients set sealed_card = substr(sealed_card, 1, length(sealed_card) - 12) where id = ${one}`,
        ),
    ],
    [
      'an older version',
      (one: string) => api.rows(sql`update patients set sealed_card = set_byte(sealed_card, 0, 0) where id = ${one}`),
    ],
    [
      'the card of another',
      (one: string, other: string) =>
        api.rows(
          sql`update patients set sealed_card = (select sealed_card from patients where id = ${other}) where id = ${one}`,
        ),
    ],
    [
      'the key of another',
      (one: string, other: string) =>
        api.rows(sql`update patients set key_id = (select key_id from patients where id = ${other}) where id = ${one}`),
    ],
  ] as const) {
    it(`is told for that record only: ${what}`, async () => {
      const { one, other } = await broken(alter)
      await assert.rejects(staff.call(patientApi.read, { params: { patient_id: one.id } }), refusedWith(integrityError))
      assert.equal((await staff.call(patientApi.read, { params: { patient_id: other.id } })).id, other.id)
      const byNumber = await find(staff, { medical_number: one.patient_number })
      const own = { id: one.id, last_name: null, is_readable: false }
      assert.deepEqual(
        byNumber.items.map(({ id, last_name, is_readable }) => ({ id, last_name, is_readable })),
        [own],
      )
      assert.deepEqual(
        idsOf(await find(staff, { medical_number: one.patient_number, phone: one.phone_primary ?? '' })),
        [],
      )
      assert.deepEqual(idsOf(await find(staff, { ssn: one.ssn ?? '' })), [])
      const { items } = await list(staff)
      const shown = items
        .filter(({ id }) => id === one.id || id === other.id)
        .map(({ is_readable, last_name }) => [is_readable, last_name])
      assert.deepEqual(shown, [
        [true, other.last_name],
        [false, null],
      ])
    })
  }

  it('is told where the identifiers of two people were exchanged', async () => {
    const { one } = await broken((a, b) =>
      api.rows(
        sql`update patients set sealed_identifiers = (select sealed_identifiers from patients where id = ${b}) where id = ${a}`,
      ),
    )
    const admin = await api.person('admin')
    await assert.rejects(admin.call(patientApi.read, { params: { patient_id: one.id } }), refusedWith(integrityError))
  })
})

describe('what is stored', () => {
  it('holds no value of a person in any table, in the clear', async () => {
    const canary = 'kanarienvogel'
    const body = {
      ...nextPerson(),
      first_name: `First${canary}`,
      middle_name: `Middle${canary}`,
      last_name: `Last${canary}`,
      email: `${canary}@example.org`,
      address: { line1: `${canary} 1`, line2: canary, city: canary, state: canary, postal_code: canary, country: 'US' },
      ssn: '543-21-9876',
      national_id: 'Kanarienvogel-77',
      phone_primary: '+14155557777',
      date_of_birth: '1961-11-23',
    }
    const { id } = await staff.call(patientApi.register, { body }, { 'idempotency-key': randomUUIDv7() })
    await staff.call(patientApi.change, {
      params: { patient_id: id },
      body: { address: { ...body.address, city: `${canary}en` } },
    })
    const params = { patient_id: id }
    const contact = {
      name: canary,
      relationship: 'sister',
      phone: '+14155557777',
      email: body.email,
      address: body.address,
    }
    await staff.call(emergencyContactApi.add_contact, { params, body: contact })
    const insurance = {
      provider_name: 'Blue Shield',
      policy_number: canary,
      group_number: canary,
      policy_holder_name: canary,
      coverage_start_date: '2026-01-01',
      currency: 'USD',
    }
    await staff.call(insuranceApi.add_insurance, { params, body: insurance })
    await nurse.call(emergencyAccessApi.open_emergency_access, { params, body: { reason: canary } })
    await find(staff, { q: canary })
    const tables = await api.rows(
      sql<{ name: string }>`select tablename as name from pg_tables where schemaname = 'public'`,
    )
    assert.ok(tables.length > 10)
    for (const { name } of tables) {
      const text = JSON.stringify(
        await api.rows({
          ...sql`select 1`,
          text: `select t::text, encode(convert_to(t::text, 'UTF8'), 'escape') from ${name} t`,
        }),
      )
      for (const value of [
        canary,
        '543-21-9876',
        '543219876',
        '4155557777',
        '1961-11-23',
        Buffer.from(canary).toString('hex'),
      ]) {
        assert.ok(!text.toLowerCase().includes(value), `${name} holds ${value}`)
      }
    }
  })
})
