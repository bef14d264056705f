// Input that is wrong on purpose (security A6, RL-05): refused as a problem document, before anything is done with it.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { type Person, startTestApi, type TestApi } from '../../server/testing.ts'
import { assertProblem } from './problem.ts'
import { canary, type Probe, startProbe } from './probe.ts'

let api: TestApi
let probe: Probe
let admin: Person
before(async () => {
  api = await startTestApi()
  probe = await startProbe(api)
  admin = await api.person('admin')
})
after(async () => {
  await probe[Symbol.asyncDispose]()
  await api[Symbol.asyncDispose]()
})

const valid = { name: 'Ward 7', age: 7 }
const post = (payload: string | Buffer, headers: Record<string, string> = {}) =>
  probe.send({
    method: 'POST',
    url: '/api/v1/probes',
    headers: { authorization: `Bearer ${admin.token}`, 'content-type': 'application/json', ...headers },
    payload,
  })
const get = (url: string) => probe.send({ method: 'GET', url, headers: { authorization: `Bearer ${admin.token}` } })
const kept = async () => (await api.rows<{ n: number }>(sql`select count(*)::int as n from departments`))[0]?.n

/** Every one is refused with one of the statuses, and nothing was written. */
async function refuses(answers: Promise<Awaited<ReturnType<typeof post>>>[], ...statuses: number[]) {
  const had = await kept()
  const all = await Promise.all(answers)
  assert.ok(all.length > 0)
  for (const answer of all) assertProblem(answer, ...statuses)
  assert.equal(await kept(), had)
}

describe('hostile input', () => {
  it('reaches the handler when it is good, so that the refusals below mean something', async () => {
    const answer = await post(JSON.stringify(valid))
    assert.equal(answer.statusCode, 201)
    assert.equal((await get('/api/v1/probes?skip=0&limit=20&sort=-name')).statusCode, 200)
  })

  it('IN-01 cannot put SQL into the name of a sort order, a filter or a page', async () => {
    const attacks = [
      'name;select pg_sleep(5)',
      '(case when 1=1 then name else id end)',
      "name'--",
      'name,(select 1)',
      'password_hash',
      'NAME',
    ]
    await refuses(
      attacks.flatMap((attack) =>
        ['sort', 'skip', 'limit', 'from', attack].map((name) =>
          get(`/api/v1/probes?${encodeURIComponent(name)}=${encodeURIComponent(attack)}`),
        ),
      ),
      422,
    )
  })

  it('IN-01 stores SQL in a value as the text that it is', async () => {
    const name = "Robert'); drop table departments;--"
    const answer = await post(JSON.stringify({ ...valid, name }))
    assert.equal((answer.json() as { name: string }).name, name)
    assert.equal((await api.rows(sql`select from departments where name = ${name}`)).length, 1)
  })

  it('IN-02 reads no content type but those on its list', async () => {
    const xml = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    const types = [
      'text/xml',
      'application/xml',
      'application/fhir+json',
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/octet-stream',
      'x',
      '',
    ]
    await refuses(
      types.map((type) => post(xml, { 'content-type': type })),
      415,
    )
  })

  it('IN-02 refuses a body without a content type, and one with two', async () => {
    const body = JSON.stringify(valid)
    const head = `POST /api/v1/probes HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${admin.token}\r\nconnection: close\r\ncontent-length: ${body.length}\r\n`
    const had = await kept()
    assert.deepEqual((await probe.raw(`${head}\r\n${body}`)).statuses, [415])
    const two = await probe.raw(`${head}content-type: text/plain\r\ncontent-type: application/json\r\n\r\n${body}`)
    assert.deepEqual(two.statuses, [415])
    assert.equal(await kept(), had)
  })

  it('IN-03 never skips validation for an oddly written content type', async () => {
    const invalid = JSON.stringify({ ...valid, age: 'seven', is_admin: true })
    const types = [
      ' application/json',
      'application/json\ta',
      'Application/JSON ;charset=utf-8',
      'application/json;a=b',
      'application/json;',
      'application/json; charset=utf-16',
      'application/json, text/plain',
      'application/jsonx',
      'application//json',
      'APPLICATION/JSON; charset=utf-8',
    ]
    await refuses(
      types.map((type) => post(invalid, { 'content-type': type })),
      415,
      422,
    )
  })

  it('IN-04 coerces no type', async () => {
    const bodies = [
      { ...valid, age: '30' },
      { ...valid, age: [30] },
      { ...valid, age: { $gt: 0 } },
      { ...valid, age: true },
      { ...valid, age: null },
      { ...valid, age: 1.5 },
      { ...valid, age: 151 },
      { ...valid, age: -1 },
      { ...valid, name: 7 },
      { ...valid, name: ['Ward'] },
      { ...valid, name: { toString: 'Ward' } },
      [valid],
      'text',
      7,
      null,
      true,
      {},
    ]
    await refuses(
      bodies.map((body) => post(JSON.stringify(body))),
      422,
    )
    const numbers = ['9223372036854775808', '1e400', '-1e400', '18446744073709551616']
    await refuses(
      numbers.flatMap((number) => [
        post(`{"name":"W","age":${number}}`),
        post(`{"name":"W","age":1,"weight_kg":${number}}`),
      ]),
      422,
    )
    await refuses(
      ['NaN', 'Infinity', '-Infinity', '0x10', '01', '+1', '1.'].map((number) => post(`{"name":"W","age":${number}}`)),
      400,
    )
  })

  it('IN-04 takes one value for one parameter, and no array or object', async () => {
    const queries = [
      'limit=1&limit=2',
      'limit[]=1',
      'limit[$gt]=0',
      'limit=1.0',
      'limit=1e1',
      'limit=%31%00',
      'limit=',
      'skip=-1',
      'skip=0x1',
      'unknown=1',
      '__proto__[x]=1',
      'from=yesterday',
    ]
    await refuses(
      queries.map((query) => get(`/api/v1/probes?${query}`)),
      422,
    )
  })

  it('IN-05 refuses members that would reach a prototype, and members twice', async () => {
    const bodies = [
      '{"name":"W","age":1,"__proto__":{"x":1}}',
      '{"name":"W","age":1,"constructor":{"prototype":{"x":1}}}',
      '{"name":"W","age":1,"prototype":{}}',
      '{"name":"W","age":1,"\\u005f_proto__":{"x":1}}',
      '{"name":"W","age":1,"age":2}',
      '{"name":"W","age":1,"\\u0061ge":2}',
      '{"name":"W","age":1,"x":{"y":1,"y":2}}',
    ]
    await refuses(
      bodies.map((body) => post(body)),
      400,
    )
    assert.equal(({} as { x?: number }).x, undefined)
  })

  it('IN-10 takes every script, and no control, lone surrogate or too many code points', async () => {
    const accepted = ['Zoë', 'محمد', '李小龍', 'Nguyễn', '𝒥ane', '👩‍⚕️'.repeat(20), 'x'.repeat(100), '👍'.repeat(100)]
    for (const name of accepted) {
      const answer = await post(JSON.stringify({ ...valid, name }))
      assert.equal(answer.statusCode, 201, name)
      assert.equal((answer.json() as { name: string }).name, name.normalize('NFC'))
    }
    assert.equal(
      ((await post(JSON.stringify({ ...valid, name: 'Zoe\u0308' }))).json() as { name: string }).name,
      'Zo\u00eb',
    )
    const refused = [
      'a\u0000',
      '\u0001',
      '\u007f',
      'a\u2028b',
      '\ud800',
      'x\udc00',
      'x'.repeat(101),
      '👍'.repeat(101),
      `e${'\u0301'.repeat(10_000)}`,
      '',
      ' ',
      '\u200b\u0000',
    ]
    await refuses(
      refused.map((name) => post(JSON.stringify({ ...valid, name }))),
      422,
    )
  })

  it('IN-11 tells nothing of the inside whatever breaks, and goes on', async () => {
    const broken = await Promise.all(
      ['thrown', 'thrown_text', 'database', 'constraint'].map((kind) =>
        probe.send({ method: 'GET', url: `/api/v1/probe-faults/${kind}` }),
      ),
    )
    for (const answer of broken) {
      assertProblem(answer, 500)
      assert.doesNotMatch(answer.body, new RegExp(canary))
    }
    const other = [
      await post('{"name":'),
      await get('/api/v1/nothing'),
      await get('/api/v1/probes/not-an-id'),
      await probe.send({ method: 'PUT', url: '/api/v1/probes' }),
      await post(`{"name":"${'x'.repeat(1_100_000)}"}`),
    ]
    assert.deepEqual(
      other.map((answer) => assertProblem(answer, 400, 404, 405, 413, 422).status),
      [400, 404, 422, 405, 413],
    )
    assert.equal((await post(JSON.stringify(valid))).statusCode, 201)
  })

  it('IN-11 names a method that an address knows', async () => {
    const answer = await probe.send({ method: 'DELETE', url: '/api/v1/probes' })
    assert.deepEqual(String(answer.headers.allow).split(', ').sort(), ['GET', 'POST'])
  })

  it('RL-05 bounds what one request may ask for', async () => {
    await refuses(
      ['limit=1000000', 'limit=101', 'limit=0', 'skip=1000000000', 'skip=10001', `cursor=${'x'.repeat(300)}`].map(
        (query) => get(`/api/v1/probes?${query}`),
      ),
      422,
    )
    const deep = `${'['.repeat(100)}${']'.repeat(100)}`
    const wide = `{"name":"W","age":1,"ids":[${Array.from({ length: 100_000 }, (_, index) => index).join(',')}]}`
    const many = `{${Array.from({ length: 60_000 }, (_, index) => `"k${index}":1`).join(',')}}`
    await refuses([post(deep), post(`{"name":"W","age":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`)], 400)
    await refuses([post(wide), post(many)], 422)
    const many_errors = assertProblem(await post(many), 422).errors ?? []
    assert.ok(many_errors.length < 50, 'an answer does not grow with the fault')
    const long = await get(`/api/v1/probes?${'a'.repeat(20_000)}=1`)
    assertProblem(long, 414, 422, 400)
    const long_raw = await probe.raw(`GET /api/v1/probes?${'a'.repeat(20_000)}=1 HTTP/1.1\r\nhost: x\r\n\r\n`)
    assert.match(long_raw.text, /^HTTP\/1\.1 (414|431|400) /)
  })
})
