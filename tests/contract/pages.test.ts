// Every list that has cursors, read to its end one row at a time: each row comes once, and `next_cursor` is null at the end and only there.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { z } from 'zod'
import type { Route } from '#platform/http/mount.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, startTestApi } from '../../server/testing.ts'
import { call } from '../authorization/call.ts'
import { newPatient, nextSlot, prescriptionFor, reportForm } from '../authorization/given.ts'
import { matrix } from '../authorization/matrix.ts'
import { nameOf, startWorld, type Subject, type World } from '../authorization/world.ts'

type Query = Record<string, string>
type Case = { query?: Query; when?: string; grows?: true }
const Page = z.object({
  items: z.array(z.unknown()),
  total: z.int().optional(),
  next_cursor: z.string().nullable(),
})

/** Lists that are asked otherwise than by their row of the matrix. `grows`: by each look into it, so a shorter one is read. */
const cases: Record<string, readonly Case[]> = {
  'GET /api/v1/users': [{}, { when: 'a search', query: { q: 'test' } }],
  'GET /api/v1/patients': [{}, { when: 'a search', query: { search: '(628) 555-0142' } }],
  'GET /api/v1/patients/{patient_id}/access-log': [{ grows: true }],
  'GET /api/v1/retention': [{}, { when: 'those that are held', query: { state: 'held' } }],
  'GET /api/v1/audit-logs': [{ query: { action: 'patient.register' } }],
  'GET /api/v1/event-outbox/events': [{ query: { type: 'visit.opened' } }],
}

let world: World
let subject: Subject
before(async () => {
  world = await startWorld()
  subject = await world.subject()
  await fill(world, subject)
})
after(() => world[Symbol.asyncDispose]())

const routes: readonly Route[] = await (async () => {
  await using api = await startTestApi()
  return api.app.routes.filter(({ operation: { returns } }) => {
    const [, schema] = returns
    return schema instanceof z.ZodObject && 'items' in schema.shape && 'next_cursor' in schema.shape
  })
})()

for (const route of routes) {
  const row = matrix.find(({ operation }) => operation === nameOf(route))
  for (const { when, query, grows } of cases[nameOf(route)] ?? [{}]) {
    describe(`${nameOf(route)}${when ? `, ${when}` : ''}`, () => {
      async function page(asked: Query) {
        const person = row?.expect.admin === 'ok' ? world.maker : world.fixed.treating
        const about = grows ? world.foreign : subject
        const usual = row?.ask?.(about, person) ?? {}
        const { status, text } = await call(world, route, about, person, {
          ...usual,
          query: { ...usual.query, ...query, ...asked },
        })
        assert.equal(status, 200, text)
        return Page.parse(JSON.parse(text))
      }

      it('is read to its end by its cursors', async () => {
        const walked: unknown[] = []
        for (let cursor: string | null | undefined; cursor !== null && walked.length < 100;) {
          const { items, next_cursor } = await page({ limit: '1', ...(cursor && { cursor }) })
          walked.push(...items)
          cursor = next_cursor
        }
        const whole = await page({ limit: '100' })
        assert.ok(walked.length > 2, `there are ${walked.length} rows for the test`)
        assert.deepEqual(walked, grows ? whole.items.slice(-walked.length) : whole.items)
      })

      const takes = route.operation.query instanceof z.ZodObject ? route.operation.query.shape : {}
      if ('skip' in takes && !grows) {
        it('counts the same behind its end', async () => {
          const whole = await page({ limit: '100' })
          const behind = await page({ skip: String(whole.items.length + 1) })
          assert.deepEqual([behind.items, behind.total, behind.next_cursor], [[], whole.items.length, null])
        })
      }
    })
  }
}

/** More than two of everything that is listed. */
async function fill({ api, maker, fixed, subject: another }: World, { ids }: Subject) {
  const { patient_id = '', department_id = '', visit_id = '', doctor_id = '' } = ids
  const { treating, away_nurse } = fixed
  const record = `/patients/${patient_id}`
  const clinician: Person = treating

  const others = [await another(), await another()].map(({ ids: { patient_id: id = '' } }) => id)
  await api.person('doctor', { department_id, doctor: true })
  const device = { type: 'equipment', name: 'Pump', lanes: 3 }
  const pump = await put(maker, 'POST', '/resources', { ...device, code: code() })
  for (const [at, id] of [patient_id, ...others].entries()) {
    await put(maker, 'POST', '/patients', { ...newPatient(), phone_primary: '+16285550142' })
    // Three who resemble each other are three pairs.
    const twin = { first_name: 'Ines', last_name: 'Twin', date_of_birth: '1970-01-01', force: true }
    await put(maker, 'POST', '/patients', { ...newPatient(), ...twin })
    await put(maker, 'POST', '/users', {
      email: `${randomUUID()}@example.org`,
      first_name: 'Test',
      last_name: 'Invited',
      role: 'staff',
    })
    await put(away_nurse, 'POST', `/patients/${id}/emergency-access`, { reason: 'Unconscious in the emergency room' })
    await put(maker, 'PUT', `/watched-records/${id}`)
    await put(maker, 'POST', `/resources/${pump.id}/assign`, { patient_id: id })
    const hours = { starts_at: `2126-12-01T0${at}:00:00Z`, ends_at: `2126-12-01T0${at}:30:00Z` }
    await put(maker, 'POST', `/resources/${pump.id}/reservations`, { patient_id: id, ...hours })
    const own = await put(maker, 'POST', '/resources', { ...device, code: code() })
    await put(maker, 'POST', `/resources/${own.id}/assign`, { patient_id })

    await put(maker, 'POST', `${record}/emergency-contacts`, {
      name: 'Luis Ruiz',
      relationship: 'brother',
      phone: '(415) 555-2672',
      is_primary: at === 1,
    })
    await put(maker, 'POST', `${record}/insurances`, {
      provider_name: 'Aetna',
      policy_number: randomUUID(),
      coverage_start_date: '2020-01-01',
    })
    // Papers older than anybody who is here are disclosed as well.
    await put(maker, 'POST', `${record}/disclosures`, {
      disclosed_at: `08${at}0-12-24T09:00:00.5Z`,
      recipient: { name: 'Harbour Insurance' },
      description: 'Letter',
      purpose: 'Claim',
    })
    await put(clinician, 'POST', `${record}/allergies`, { substance: 'Latex' })
    await put(clinician, 'POST', `${record}/conditions`, { text: 'Asthma' })
    await put(maker, 'POST', '/appointments', { doctor_id, patient_id, appointment_time: nextSlot() })
    await put(clinician, 'POST', '/prescriptions', prescriptionFor(patient_id))
    await put(clinician, 'POST', `/visits/${visit_id}/notes`, { kind: 'progress', content: { text: 'Better' } })
    const vital_signs = { consciousness: 'confusion' }
    const { id: drafted } = await put(clinician, 'POST', `/visits/${visit_id}/nursing-assessment`, { vital_signs })
    await put(clinician, 'POST', `/assessments/${drafted}/finalize`, {})
    const { raw, headers } = reportForm({ title: 'Report' })
    const url = `/api/v1/visits/${visit_id}/documents`
    assert.equal((await maker.send({ method: 'POST', url, headers, body: raw })).status, 201)
    await api.rows(sql`
      update patients set legal_hold = true, retention_ended_on = date '2020-01-01' + ${at % 2}::int where id = ${id}`)
    await api.rows(sql`
      insert into activity_findings (kind, user_id, patient_id, first_at, last_at, entries)
      values ('colleague', ${ids['user_id']}, ${id}, now(), now(), 1)`)
    await api.rows(sql`
      insert into webhook_deliveries (webhook_id, event_id, type, subject_id, status)
      values (${ids['webhook_id']}, uuidv7(), 'test.happened', uuidv7(), 'dead')`)
    await api.rows(
      sql`insert into warehouse_runs (status, failure, finished_at) values ('failed', 'server_died', now())`,
    )
    await api.rows(sql`
      insert into visits (visit_number, patient_id, doctor_id, department_id, type, status, closed_at)
      values (${randomUUID()}, ${patient_id}, ${doctor_id}, ${department_id}, 'outpatient', 'discharged', now())`)
  }
  await api.rows(sql`update resource_assignments set assigned_at = assigned_at - interval '60 days'`)
  ids['resource_id'] = pump.id
}

const code = () => randomUUID().slice(0, 13).toUpperCase()

async function put(who: Person, method: 'POST' | 'PUT', path: string, body?: unknown): Promise<{ id: string }> {
  const headers = { 'content-type': 'application/json' }
  const given = body === undefined ? {} : { headers, body: JSON.stringify(body) }
  const answer = await who.send({ method, url: `/api/v1${path}`, headers: {}, ...given })
  assert.ok(answer.status < 300, `${method} ${path} is answered ${answer.status}: ${answer.text}`)
  return answer.text === '' ? { id: '' } : (JSON.parse(answer.text) as { id: string })
}
