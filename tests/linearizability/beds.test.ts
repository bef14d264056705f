// JB-03: what 20 clients are told of a few beds, through one server and through two, can be told as one after another.
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { ClientAnswer, ClientRequest } from '#platform/contract/client.ts'
import { startTestApi } from '../../server/testing.ts'
import { signIn } from '../caller.ts'
import { startCluster } from '../cluster.ts'
import { expectStatus, nextPerson } from '../hospital.ts'
import { type BedInput, bedModel, type BedOutput } from './bed-model.ts'
import { findOrder, recordHistory } from './checker.ts'

const clients = 20
const calls = 100

type Ask = (method: ClientRequest['method'], url: string, body?: unknown) => Promise<ClientAnswer>

/** Draws numbers that are the same in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function draw(pick: (below: number) => number, beds: readonly string[], patient: string): BedInput {
  const bed = beds[pick(beds.length)] ?? ''
  const to = beds[(beds.indexOf(bed) + 1) % beds.length] ?? ''
  const lot = pick(100)
  if (lot < 35) return { kind: 'assign', bed, patient }
  if (lot < 60) return beds.length > 1 && lot >= 50 ? { kind: 'transfer', bed, to } : { kind: 'release', bed }
  return lot < 90 ? { kind: 'clean', bed } : { kind: 'read', bed }
}

function send(ask: Ask, input: BedInput): Promise<ClientAnswer> {
  const url = `/api/v1/resources/${input.bed}`
  if (input.kind === 'assign') return ask('POST', `${url}/assign`, { patient_id: input.patient })
  if (input.kind === 'release') return ask('DELETE', `${url}/assign`)
  if (input.kind === 'transfer') return ask('POST', `${url}/transfer`, { to_resource_id: input.to })
  return input.kind === 'clean' ? ask('PUT', `${url}/status`, { status: 'available' }) : ask('GET', url)
}

/** Undefined for a 503 of a write: it says nothing of the outcome. */
function outputOf({ kind }: BedInput, { status, text }: ClientAnswer): BedOutput | undefined {
  const answer = JSON.parse(text) as { id: string; code: string; status: string }
  if (status === 503) return kind === 'read' ? {} : undefined
  if (status >= 400) return { code: answer.code }
  return kind === 'clean' || kind === 'read' ? { status: answer.status } : { assignment: answer.id }
}

async function assertLinearizable(
  t: TestContext,
  beds: readonly string[],
  patients: readonly string[],
  askOf: (client: number) => Ask,
) {
  const { history, record } = recordHistory<BedInput, BedOutput>()
  const statuses = new Map<number, number>()
  await Promise.all(
    patients.map(async (patient, client) => {
      const pick = numbers(client + 1)
      for (let at = 0; at < calls; at += 1) {
        const input = draw(pick, beds, patient)
        await record(client, input, async () => {
          const answer = await send(askOf(client), input)
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
          return outputOf(input, answer)
        })
      }
    }),
  )
  const verdict = findOrder(bedModel(beds), history)
  const tally = [...statuses].toSorted(([one], [other]) => one - other).map(([status, count]) => `${count} × ${status}`)
  t.diagnostic(
    `${history.length} operations on ${beds.length} beds: ${tally.join(', ')}; ${verdict.visited} places looked at`,
  )
  assert.equal(history.length, clients * calls)
  for (const kind of ['assign', 'release', 'clean', 'read', ...(beds.length > 1 ? ['transfer'] : [])]) {
    const done = history.filter(({ input, output }) => input.kind === kind && output && output.code === undefined)
    assert.ok(done.length >= 10, `only ${done.length} of ${kind} were done`)
  }
  assert.deepEqual(
    [...statuses.keys()].filter((status) => status >= 500),
    [],
  )
  assert.ok(
    verdict.is_linearizable,
    verdict.is_linearizable
      ? ''
      : `no order explains the answers: after ${verdict.longest.length} operations none of these fits: ${JSON.stringify(verdict.stuck)}; the last ones were ${JSON.stringify(verdict.longest.slice(-10))}`,
  )
}

const doubles = `
  select a.id from resource_assignments a join resource_assignments b on a.id < b.id
    and tstzrange(a.assigned_at, a.released_at) && tstzrange(b.assigned_at, b.released_at)
    and ((a.resource_id = b.resource_id and a.lane = b.lane) or (a.patient_id = b.patient_id and a.is_bed and b.is_bed))`

const newBed = (code: string) => ({ type: 'bed', name: `Bed ${code}`, code })

for (const count of [1, 2]) {
  describe(`the history of ${count === 1 ? 'a bed' : 'two beds'} that ${clients} clients fight for`, () => {
    it('is linearizable through one server', async (t) => {
      await using api = await startTestApi()
      const staff = await api.person('staff')
      const ask: Ask = (method, url, body) =>
        staff.send({
          method,
          url,
          headers: body === undefined ? {} : { 'content-type': 'application/json' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        })
      const beds: string[] = []
      for (let at = 0; at < count; at += 1) {
        beds.push((expectStatus(201, await ask('POST', '/api/v1/resources', newBed(`B${at}`))) as { id: string }).id)
      }
      const patients = await Promise.all(Array.from({ length: clients }, () => api.patient()))
      await assertLinearizable(t, beds, patients, () => ask)
      assert.deepEqual(await api.rows({ ...emptyStatement, text: doubles }), [])
    })
  })
}

const emptyStatement = { name: '', values: [], strings: [] }

describe(`the history of two beds that ${clients} clients fight for`, () => {
  it('is linearizable through two server processes', async (t) => {
    const cluster = await startCluster()
    try {
      const [one, other] = await Promise.all([cluster.serve(), cluster.serve()])
      const atOne = await signIn(one.port)
      const atOther = atOne.at(other.port)
      const beds: string[] = []
      for (const code of ['B1', 'B2']) {
        beds.push((expectStatus(201, await atOne.ask('POST', '/api/v1/resources', newBed(code))) as { id: string }).id)
      }
      const patients: string[] = []
      for (let at = 0; at < clients; at += 1) {
        const answer = await atOne.ask('POST', '/api/v1/patients', { ...nextPerson(), force: true })
        patients.push((expectStatus(201, answer) as { id: string }).id)
      }
      await assertLinearizable(t, beds, patients, (client) => (client % 2 === 0 ? atOne : atOther).ask)
      assert.deepEqual(await cluster.rows(doubles), [])
    } finally {
      await cluster.stop()
    }
  })
})
