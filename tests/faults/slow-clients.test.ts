// RL-07 and row 34: five hundred clients that never end what they begin.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { assertStatus } from '../hospital.ts'
import { type ServerProcess, statusOf, until } from '../processes.ts'

const slow_clients = 500
const growth_limit_mebibytes = 64

let cluster: Cluster
let server: ServerProcess
let caller: Caller
before(async () => {
  cluster = await startCluster()
  server = await cluster.serve()
  caller = await signIn(server.port)
})
after(() => cluster?.stop())

const residentMebibytes = () =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024

type Slow = { socket: Socket; sent: number; told: string; has_ended: boolean }

/** Half of them never end their headers, half never their body. */
function begin(at: number): Slow {
  const socket = connect({ port: server.port, host: '127.0.0.1' })
  const slow: Slow = { socket, sent: 0, told: '', has_ended: false }
  const head =
    at % 2
      ? 'GET /api/v1/patients HTTP/1.1\r\nhost: x\r\nx-slow: '
      : `POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{"email":"`
  socket.on('connect', () => void socket.write(head))
  socket.on('data', (part: Buffer) => void (slow.told += part.toString('latin1')))
  socket.on('error', () => undefined)
  socket.on('close', () => void (slow.has_ended = true))
  return slow
}

test(`${slow_clients} clients that send a byte at a time are ended with 408, hold up nobody, and cost no memory`, async (t) => {
  for (let times = 0; times < 50; times += 1) assertStatus(await caller.ask('GET', '/api/v1/patients'), 200)
  const before_mebibytes = residentMebibytes()
  let highest_mebibytes = before_mebibytes
  const clients = Array.from({ length: slow_clients }, (_, at) => begin(at))
  const drip = setInterval(() => {
    for (const slow of clients) if (!slow.has_ended && slow.sent++ < 200) slow.socket.write('a')
    highest_mebibytes = Math.max(highest_mebibytes, residentMebibytes())
  }, 500)
  try {
    await until('all are there', () => clients.every(({ sent, has_ended }) => has_ended || sent > 0))
    const statuses = new Set<number | undefined>()
    await until(
      'all of them have ended',
      async () => {
        statuses.add((await caller.ask('GET', '/api/v1/patients')).status)
        statuses.add(await statusOf(server, '/health/live'))
        return clients.every(({ has_ended }) => has_ended)
      },
      120_000,
    )
    assert.deepEqual([...statuses], [200])
  } finally {
    clearInterval(drip)
    for (const { socket } of clients) socket.destroy()
  }
  const told = Map.groupBy(clients, (slow) => /^HTTP\/1\.1 (\d{3})/.exec(slow.told)?.[1] ?? 'nothing')
  assert.deepEqual(
    [...told].map(([status, of]) => [status, of.length]),
    [['408', slow_clients]],
  )
  t.diagnostic(`memory ${Math.round(before_mebibytes)} to ${Math.round(highest_mebibytes)} MiB`)
  assert.ok(highest_mebibytes - before_mebibytes < growth_limit_mebibytes)
})
