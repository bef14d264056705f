import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'
import { listen, type OpenStream, openStream } from './streams.testing.ts'

let api: TestApi
let port: number
const open: OpenStream[] = []
before(async () => {
  api = await startTestApi()
  port = await listen(api.app.http)
})
after(async () => {
  for (const stream of open) stream.close()
  await api[Symbol.asyncDispose]()
})

async function follow({ token }: Person): Promise<OpenStream> {
  const stream = await openStream({ port, token })
  open.push(stream)
  await stream.next(({ event }) => event === 'position')
  return stream
}
const post = (person: Person, url: string, body?: object) =>
  person.send({
    method: 'POST',
    url,
    headers: body ? { 'content-type': 'application/json' } : {},
    ...(body ? { body: JSON.stringify(body) } : {}),
  })

describe('a stream of events ends', () => {
  const ends: [string, string, (person: Person, admin: Person) => Promise<unknown>][] = [
    ['when its person signs out', 'session_ended', (person) => post(person, '/api/v1/auth/logout')],
    ['when they sign out everywhere', 'session_ended', (person) => post(person, '/api/v1/auth/logout-all')],
    [
      'when an administrator ends their sessions',
      'session_ended',
      ({ user_id }, admin) => admin.send({ method: 'DELETE', url: `/api/v1/users/${user_id}/sessions`, headers: {} }),
    ],
    [
      'when the account is closed',
      'session_ended',
      ({ user_id }, admin) => admin.send({ method: 'DELETE', url: `/api/v1/users/${user_id}`, headers: {} }),
    ],
    [
      'when the role changes',
      'rights_changed',
      ({ user_id }) =>
        api.rows(sql`update users set role = 'nurse', authority_version = authority_version + 1 where id = ${user_id}`),
    ],
    [
      'when the role is given other permissions',
      'rights_changed',
      () => api.rows(sql`update roles set version = version + 1 where name = 'staff'`),
    ],
    [
      'when it was idle for too long, which following does not prevent',
      'session_ended',
      ({ session_id }) => api.rows(sql`update sessions set last_used_at = now() - idle_limit where id = ${session_id}`),
    ],
    [
      'when the session has lasted as long as one may',
      'session_ended',
      ({ session_id }) => api.rows(sql`update sessions set expires_at = now() where id = ${session_id}`),
    ],
  ]
  for (const [when, reason, end] of ends) {
    it(when, async () => {
      const [person, admin] = [await api.person('staff'), await api.person('admin')]
      const [stream, other] = [await follow(person), await follow(admin)]
      await end(person, admin)
      assert.deepEqual((await stream.next(({ event }) => event === 'end')).data, { reason })
      await stream.ended
      assert.equal(other.isOver(), false)
    })
  }

  it('for a session that ended elsewhere while it was being opened', async () => {
    const person = await api.person('staff')
    await follow(person)
    await api.rows(sql`update sessions set revoked_at = now() where id = ${person.session_id}`)
    await assert.rejects(openStream({ port, token: person.token }), { status: 401 })
  })

  it('and tells nothing that came after the end of the session', async () => {
    const person = await api.person('admin')
    const stream = await follow(person)
    await api.rows(sql`update sessions set revoked_at = now() where id = ${person.session_id}`)
    await api.database.once(async (tx) =>
      tx.emit({ type: 'doctor.updated', subject_type: 'doctor', subject_id: randomUUID() }),
    )
    await stream.ended
    assert.deepEqual(stream.events(), [])
  })

  it('not when its client takes its time, which loses nothing', async () => {
    const [slow, quick] = [await follow(await api.person('staff')), await follow(await api.person('staff'))]
    slow.stall()
    const subject_id = randomUUID()
    const ids = Array.from({ length: 500 }, () => subject_id)
    const big = { type: 'doctor.updated', subject_type: 'doctor', subject_id, payload: { ids } }
    // Eight megabytes, more than the operating system keeps.
    const count = 400
    for (let sent = 0; sent < count; sent += 50)
      await api.database.once(async (tx) => Array.from({ length: 50 }).forEach(() => tx.emit(big)))
    const all = async (stream: OpenStream) => {
      while (stream.events().length < count) await once(stream.source, 'data')
    }
    await all(quick)
    assert.ok(slow.events().length < count)
    slow.source.resume()
    await all(slow)
  })
})

describe('a server that stops', () => {
  it('ends its streams, and is held up by none', { timeout: 20_000 }, async () => {
    await using leaving = await startTestApi()
    const leaving_port = await listen(leaving.app.http)
    const { token } = await leaving.person('staff')
    const [stream, stalled] = [
      await openStream({ port: leaving_port, token }),
      await openStream({ port: leaving_port, token }),
    ]
    stalled.stall()
    await leaving.app.stop()
    stalled.source.resume()
    await Promise.all([stream.ended, stalled.ended])
  })
})
