// FA-02, rows 14 to 16, of the connections themselves: what is silent is told within two seconds, what is only slow is left alone.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { overloaded } from '#platform/contract/problem.ts'
import { runBatch } from '#platform/database/batch.ts'
import { borrow, openPool, type Pool, watchConnections, withConnection } from '#platform/database/connection.ts'
import type { Watch } from '#platform/database/silence.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import { createTestDatabase, dropTestDatabase } from '../../server/testing.ts'
import { until } from '../processes.ts'
import { type Proxy, startProxy } from './proxy.ts'

// The promise is 2 s; what a busy machine adds to it is not the server's. Without the watch it would be 15.
const told_limit_ms = 8000
/** Sooner than anything is found to be silent. */
const at_once_ms = 1500
const size = 3

describe('a connection of the server', () => {
  let owner_url: string
  let proxy: Proxy
  let direct: Pool
  let pool: Pool
  let watch: Watch
  let changes: boolean[]

  before(async () => {
    owner_url = await createTestDatabase()
    proxy = await startProxy(owner_url)
    direct = openPool({ url: owner_url, size: 2, name: 'direct', on_error: () => undefined })
  })
  after(async () => {
    await direct?.end()
    await proxy?.close()
    await dropTestDatabase(owner_url)
  })
  beforeEach(() => {
    changes = []
    const url = proxy.urlOf(owner_url)
    watch = watchConnections({ url }, (isAway) => void changes.push(isAway))
    pool = openPool({ url, size, name: 'watched', on_error: () => undefined, watch })
  })
  afterEach(async () => {
    proxy.heal()
    await Promise.all([pool.end(), watch.close()])
  })

  const ask = (statement: Sql = sql`select 1 as one`) =>
    withConnection(pool, (connection) => runBatch(connection, [statement]))
  const fill = () => Promise.all(Array.from({ length: size }, () => ask(sql`select pg_sleep(0.05)`)))
  async function timed<T>(work: Promise<T>) {
    const started_at = performance.now()
    const result = await work.catch((error: Error) => ({ error }))
    return { result, took_ms: performance.now() - started_at }
  }

  it('that is only slow is waited for', async () => {
    const { answers, error } = await ask(sql`select 7 as seven from pg_sleep(2.5)`)
    assert.equal(error, undefined)
    assert.deepEqual(answers[0]?.rows, [{ seven: 7 }])
    assert.deepEqual(changes, [])
  })

  it('that is so slow that it does not answer who asks about it is waited for while it answers others', async () => {
    const deaf = await startProxy(owner_url)
    deaf.drop()
    const unanswered = watchConnections({ url: deaf.urlOf(owner_url) }, (isAway) => void changes.push(isAway))
    const slow = openPool({
      url: proxy.urlOf(owner_url),
      size,
      name: 'slow',
      on_error: () => undefined,
      watch: unanswered,
    })
    const askSlow = (statement: Sql) => withConnection(slow, (connection) => runBatch(connection, [statement]))
    // Longer than it takes to find a database silent.
    let isDone = false
    const long = askSlow(sql`select 7 as seven from pg_sleep(3)`).finally(() => (isDone = true))
    while (!isDone) assert.equal((await askSlow(sql`select pg_sleep(0.1)`)).error, undefined)
    assert.deepEqual((await long).answers[0]?.rows, [{ seven: 7 }])
    assert.deepEqual(changes, [])
    await Promise.all([slow.end(), unanswered.close(), deaf.close()])
  })

  /** Longer than the database may be silent. */
  async function waitsForAnswer(pool: Pool) {
    const { answers, error } = await withConnection(pool, (connection) =>
      runBatch(connection, [sql`select 7 as seven from pg_sleep(2.5)`]),
    )
    assert.equal(error, undefined)
    assert.deepEqual(answers[0]?.rows, [{ seven: 7 }])
    assert.deepEqual(changes, [])
  }

  it('that is slow behind a pooler, whose sessions have numbers of its own, is waited for', async () => {
    const pooler = await startRenumbering(owner_url)
    const behind = watchConnections({ url: pooler.urlOf(owner_url) }, (isAway) => void changes.push(isAway))
    const slow = openPool({
      url: pooler.urlOf(owner_url),
      size: 1,
      name: 'pooled',
      on_error: () => undefined,
      watch: behind,
    })
    try {
      await waitsForAnswer(slow)
    } finally {
      await Promise.all([slow.end(), behind.close(), pooler.close()])
    }
  })

  it('that is slow in a database that takes no further connection is waited for', async () => {
    await direct.query(`create role crowded login password 'secret' connection limit 1`)
    const url = new URL(owner_url)
    url.username = 'crowded'
    url.password = 'secret'
    const refused = watchConnections({ url: url.href }, (isAway) => void changes.push(isAway))
    const only = openPool({ url: url.href, size: 1, name: 'only', on_error: () => undefined, watch: refused })
    try {
      await waitsForAnswer(only)
    } finally {
      await Promise.all([only.end(), refused.close()])
      await direct.query('drop role crowded')
    }
  })

  it('that waits for a lock is waited for', async () => {
    await direct.query('create table locked (id int)')
    const holder = await direct.connect()
    await holder.query('begin')
    await holder.query('lock table locked')
    const waiting = ask(sql`select count(*) from locked`)
    await wait(2000)
    await holder.query('commit')
    holder.release()
    assert.equal((await waiting).error, undefined)
  })

  it('whose line is cut is told in time, and so is whoever comes meanwhile; when it is back all are answered', async () => {
    await fill()
    proxy.drop()
    const first = await Promise.all(Array.from({ length: size + 2 }, () => timed(ask())))
    for (const { result, took_ms } of first) {
      assert.ok(result.error)
      assert.ok(took_ms < told_limit_ms, `${took_ms} ms`)
    }
    assert.equal(watch.isAway(), true)
    const next = await timed(ask())
    assert.ok(
      next.result.error && next.took_ms < at_once_ms,
      `${next.took_ms} ms: nobody waits for what is known to be away`,
    )
    proxy.heal()
    await until('it answers again', () => !watch.isAway(), 10_000)
    assert.equal((await ask()).error, undefined)
    assert.deepEqual(changes, [true, false])
  })

  it('that cannot be opened is told in time', async () => {
    proxy.drop()
    const { result, took_ms } = await timed(ask())
    assert.ok(result.error)
    assert.ok(took_ms < told_limit_ms, `${took_ms} ms`)
  })

  it('that the way has forgotten is given up while others are answered, and those that rested with it are not used', async () => {
    await fill()
    await ask(sql`select pg_sleep(0.6)`)
    const others = openPool({ url: proxy.urlOf(owner_url), size: 1, name: 'others', on_error: () => undefined, watch })
    proxy.forget()
    let isDone = false
    const lost = timed(ask()).finally(() => (isDone = true))
    while (!isDone) {
      const { error } = await withConnection(others, (connection) => runBatch(connection, [sql`select pg_sleep(0.05)`]))
      assert.equal(error, undefined)
    }
    const { result, took_ms } = await lost
    assert.ok(result.error, 'its answer is lost')
    assert.ok(took_ms < told_limit_ms, `${took_ms} ms`)
    const next = await timed(ask())
    assert.equal(next.result.error, undefined)
    assert.deepEqual(changes, [])
    assert.ok(pool.totalCount <= size)
    await others.end()
  })

  /** How many wait for a lock that a test holds: they work until it says so, however busy the machine is. */
  async function untilAtWork(count: number): Promise<number[]> {
    let pids: number[] = []
    await until(`${count} at work`, async () => {
      const { rows } = await direct.query<{ pid: number }>(
        `select pid from pg_stat_activity where application_name = 'watched' and wait_event = 'advisory'`,
      )
      pids = rows.map(({ pid }) => pid)
      return pids.length === count
    })
    return pids
  }
  const workUntil = (lock: number, limit_ms?: number) =>
    withConnection(pool, (connection) => {
      const work = [
        sql`set lock_timeout = 0`,
        sql`set statement_timeout = 0`,
        sql`select pg_advisory_lock_shared(${lock})`,
      ]
      return runBatch(connection, work, limit_ms)
    })

  it('for long work outlasts a break of the line', async () => {
    const holder = await direct.connect()
    await holder.query('select pg_advisory_lock(1)')
    const long = workUntil(1, 60_000)
    const quick = workUntil(1)
    await untilAtWork(2)
    proxy.drop()
    assert.ok((await quick).error)
    proxy.heal()
    await until('the database answers again', () => !watch.isAway(), 10_000)
    await holder.query('select pg_advisory_unlock(1)')
    holder.release()
    assert.equal((await long).error, undefined)
  })

  it('for long work whose answer was lost in the break is given up when the database is back', async () => {
    const holder = await direct.connect()
    await holder.query('select pg_advisory_lock(2)')
    const long = workUntil(2, 60_000)
    const at_work = await untilAtWork(1)
    proxy.drop()
    await until('the database is found to be away', () => watch.isAway(), 10_000)
    await holder.query('select pg_advisory_unlock(2)')
    holder.release()
    await until('its answer is sent', async () => {
      const { rows } = await direct.query(
        `select from pg_stat_activity where pid = any($1) and wait_event = 'ClientRead'`,
        [at_work],
      )
      return rows.length === 1
    })
    // And swallowed: whatever had arrived before this question is read before its answer.
    await direct.query('select')
    proxy.heal()
    const { result, took_ms } = await timed(long)
    assert.ok(result.error)
    assert.ok(took_ms < 15_000, `${took_ms} ms`)
  })

  it('is not waited for by more than can be served', async () => {
    const held = await Promise.all(Array.from({ length: size }, () => borrow(pool)))
    const waiting = Array.from({ length: 500 }, () => borrow(pool).then((one) => one.release()))
    await assert.rejects(borrow(pool), { name: 'Problem', kind: overloaded })
    for (const one of held) one.release()
    await Promise.all(waiting)
  })
})

/** Stands for a pooler: it tells each client another number of its session (BackendKeyData) than the database has given it. */
async function startRenumbering(target: string) {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const listener = createServer((client) => {
    const server = connect({ host: hostname, port: Number(port) })
    client.pipe(server)
    server.on('data', (data) => {
      const chunk = Buffer.from(data)
      const at = chunk.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]))
      if (at >= 0) chunk.writeInt32BE(chunk.readInt32BE(at + 5) + 1_000_000, at + 5)
      client.write(chunk)
    })
    for (const socket of [client, server]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        client.destroy()
        server.destroy()
      })
    }
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  return {
    urlOf(url: string) {
      const through = new URL(url)
      through.hostname = '127.0.0.1'
      through.port = String((listener.address() as AddressInfo).port)
      return through.href
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      listener.close()
      await once(listener, 'close')
    },
  }
}
