import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { type ClientAnswer, type ClientRequest, createClient } from './client.ts'
import type { Operation } from './operation.ts'
import { Problem } from './problem.ts'

const declared = { summary: 'A test', access: 'public', audit: 'none', problems: [] } as const
const move = {
  ...declared,
  method: 'PUT',
  path: '/wards/{ward_id}/beds/{bed_id}',
  params: z.strictObject({ ward_id: z.string(), bed_id: z.string() }),
  query: z.strictObject({ quietly: z.string().optional(), reason: z.string().optional() }),
  body: z.strictObject({ patient: z.string() }),
  returns: [200, z.object({ version: z.int() })],
} as const satisfies Operation
const token = {
  ...declared,
  method: 'POST',
  path: '/token',
  accepts: 'form',
  body: z.strictObject({ username: z.string(), password: z.string() }),
  returns: [200, z.object({ ok: z.boolean() })],
} as const satisfies Operation
const letter = { ...declared, method: 'GET', path: '/letter', sends: 'text', returns: [200, z.string()] } as const
const table = { ...declared, method: 'GET', path: '/table', sends: 'json', returns: [200, z.object({})] } as const
const ending = { ...declared, method: 'DELETE', path: '/session', returns: [204, null] } as const satisfies Operation

/** A client of a server that always gives this answer, and what was sent to it. */
function clientOf(answer: Partial<ClientAnswer>) {
  const sent: ClientRequest[] = []
  const call = createClient(async (request) => {
    sent.push(request)
    return { status: 200, headers: {}, text: '{}', ...answer }
  })
  return { sent, call }
}

describe('a typed call', () => {
  it('puts each part of a request where the contract has it, escaped', async () => {
    const { sent, call } = clientOf({ text: '{"version":4}' })
    const params = { ward_id: 'a/b', bed_id: "$& $'?" }
    const query = { quietly: 'yes & no', reason: undefined }
    const answer = await call(move, { params, query, body: { patient: 'Ada' } }, { 'if-match': '"v3"' })
    assert.deepEqual(answer, { version: 4 })
    assert.deepEqual(sent, [
      {
        method: 'PUT',
        url: "/wards/a%2Fb/beds/%24%26%20%24'%3F?quietly=yes+%26+no",
        headers: { 'content-type': 'application/json', 'if-match': '"v3"' },
        body: '{"patient":"Ada"}',
      },
    ])
  })

  it('writes a form where the contract takes one', async () => {
    const { sent, call } = clientOf({ text: '{"ok":true}' })
    assert.deepEqual(await call(token, { body: { username: 'ada@example.test', password: 'a b&c=d' } }), { ok: true })
    const [request] = sent
    assert.equal(request?.headers['content-type'], 'application/x-www-form-urlencoded')
    assert.equal(request?.body, 'username=ada%40example.test&password=a+b%26c%3Dd')
  })

  it('sends neither body nor query where there is none', async () => {
    const { sent, call } = clientOf({ status: 204, text: '' })
    assert.equal(await call(ending, {}), undefined)
    assert.deepEqual(sent, [{ method: 'DELETE', url: '/session', headers: {} }])
  })

  it('gives text as it is and JSON as what it says', async () => {
    assert.equal(await clientOf({ text: '{"not": "read"}' }).call(letter, {}), '{"not": "read"}')
    assert.deepEqual(await clientOf({ text: '{"is": "read"}' }).call(table, {}), { is: 'read' })
  })

  const refusals: [text: string, code: string, title: string, members: object][] = [
    [
      '{"code":"slot_taken","title":"Taken","detail":"At 9","status":409}',
      'slot_taken',
      'Taken',
      { detail: 'At 9', status: 409 },
    ],
    ['', 'unknown', '', {}],
    ['{}', 'unknown', '', {}],
  ]
  for (const [text, code, title, members] of refusals) {
    it(`throws the problem that the server sent as ${text === '' ? 'nothing' : text}`, async () => {
      const error: unknown = await clientOf({ status: 409, text })
        .call(ending, {})
        .catch((thrown: unknown) => thrown)
      assert.ok(error instanceof Problem)
      assert.deepEqual(error.kind, { code, title, status: 409 })
      assert.deepEqual(error.members, members)
    })
  }

  it('takes 202 for an answer where the contract has one that waits', async () => {
    const waiting = { ...table, waits: () => true } as const satisfies Operation
    const answered = { status: 202, text: '{"is":"waiting"}' }
    assert.deepEqual(await clientOf(answered).call(waiting, {}), { is: 'waiting' })
    await assert.rejects(clientOf(answered).call(table, {}), Problem)
    await assert.rejects(clientOf({ ...answered, status: 201 }).call(waiting, {}), Problem)
  })

  it('takes another success than the declared one for a refusal', async () => {
    await assert.rejects(clientOf({ status: 200, text: '{}' }).call(ending, {}), Problem)
  })
})
