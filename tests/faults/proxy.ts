// A TCP proxy between the server and PostgreSQL that can stop, delay, cut and reset, at a statement where one is named.
import { once } from 'node:events'
import { createServer, connect, type Socket } from 'node:net'

/** `before`: the statement does not reach PostgreSQL. `after`: PostgreSQL runs it, and its answer does not come back. */
export type Moment = 'before' | 'after'
export type Proxy = {
  port: number
  /** The same database, through here. */
  urlOf: (url: string) => string
  connections: () => number
  /** Everything is swallowed from now on, and nothing is closed: as when a cable is pulled. */
  drop: () => void
  /** What is swallowed stays lost; new bytes and new connections pass again. */
  heal: () => void
  /** What is sent on the connections of now is swallowed for good; new ones pass: as when a firewall has forgotten them. */
  forget: () => void
  /** Refuses and resets: as when the host is up and PostgreSQL is not. */
  refuse: () => void
  /** Sends RST on every open connection. */
  reset: () => void
  /** Whoever connects from now on reaches another database: as when a name is given another address. */
  lead: (url: string) => void
  /** All answers come this much later. */
  delayBy: (ms: number) => void
  /**
   * Holds the next connection that sends a statement with this text, in a transaction that has sent one with the text of
   * `within`. Resolves when one is held.
   */
  holdAt: (moment: Moment, text: string, within?: string) => Promise<Held>
  close: () => Promise<void>
}
export type Held = {
  /** What was held goes on. */
  release: () => void
  /** Resets the held connection on both sides. */
  cut: () => void
}

type Mode = 'pass' | 'drop' | 'refuse'
type Trap = { text: string; within: string; moment: Moment; caught: (held: Held) => void }
type Pair = {
  client: Socket
  server: Socket
  forgotten: boolean
  held: Moment | undefined
  waiting: { to: Socket; chunk: Buffer }[]
}

export async function startProxy(target: string): Promise<Proxy> {
  let { hostname, port: target_port } = new URL(target)
  const pairs = new Set<Pair>()
  let mode: Mode = 'pass'
  let delay_ms = 0
  let trap: Trap | undefined

  const end = (pair: Pair) => {
    pairs.delete(pair)
    pair.client.resetAndDestroy()
    pair.server.resetAndDestroy()
  }
  const write = (pair: Pair, to: Socket, chunk: Buffer) => {
    if (mode === 'drop' || pair.forgotten || to.destroyed) return
    if (delay_ms > 0 && to === pair.client) setTimeout(() => void (to.destroyed || to.write(chunk)), delay_ms)
    else to.write(chunk)
  }
  const hold = (pair: Pair, moment: Moment): Held => {
    pair.held = moment
    return {
      cut: () => end(pair),
      release() {
        pair.held = undefined
        for (const { to, chunk } of pair.waiting.splice(0)) write(pair, to, chunk)
      },
    }
  }

  const listener = createServer({ noDelay: true }, (client) => {
    if (mode === 'refuse') return void client.resetAndDestroy()
    const server = connect({ host: hostname, port: Number(target_port), noDelay: true })
    const pair: Pair = { client, server, forgotten: false, held: undefined, waiting: [] }
    pairs.add(pair)
    const readStatements = createStatementReader()
    client.on('data', (data) => {
      const chunk = Buffer.from(data)
      // Always read: a statement is named once and run by its name ever after.
      const in_transaction = readStatements(chunk)
      if (!trap || pair.held !== undefined || !isCaught(trap, in_transaction)) {
        if (pair.held === 'before') pair.waiting.push({ to: server, chunk })
        else write(pair, server, chunk)
        return
      }
      const { moment, caught } = trap
      trap = undefined
      const held = hold(pair, moment)
      if (moment === 'before') pair.waiting.push({ to: server, chunk })
      else write(pair, server, chunk)
      caught(held)
    })
    server.on('data', (data) => {
      const chunk = Buffer.from(data)
      if (pair.held === 'after') pair.waiting.push({ to: client, chunk })
      else write(pair, client, chunk)
    })
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => undefined)
      one.on('close', () => {
        // What is dropped is not told either: that a connection has ended is news as well.
        if (mode === 'drop' || pair.forgotten) return
        pairs.delete(pair)
        other.destroy()
      })
    }
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  const { port } = address

  return {
    port,
    urlOf(url) {
      const through = new URL(url)
      through.hostname = '127.0.0.1'
      through.port = String(port)
      return through.href
    },
    connections: () => pairs.size,
    drop: () => void (mode = 'drop'),
    heal: () => void (mode = 'pass'),
    forget() {
      for (const pair of pairs) pair.forgotten = true
    },
    refuse() {
      mode = 'refuse'
      for (const pair of pairs) end(pair)
    },
    reset() {
      for (const pair of pairs) end(pair)
    },
    lead: (url) => void ({ hostname, port: target_port } = new URL(url)),
    delayBy: (ms) => void (delay_ms = ms),
    holdAt: (moment, text, within = '') => new Promise((caught) => void (trap = { text, within, moment, caught })),
    async close() {
      for (const pair of pairs) end(pair)
      listener.close()
      await once(listener, 'close')
    },
  }
}

function isCaught({ text, within }: Trap, { now, so_far }: Statements): boolean {
  return now.some((statement) => statement.includes(text)) && so_far.some((statement) => statement.includes(within))
}

type Statements = { now: readonly string[]; so_far: readonly string[] }

/**
 * The texts of the statements that a client's bytes ask to run, and of all since its last `begin` (PostgreSQL's protocol
 * 3.0: Parse names a text, Bind runs what a name stands for, Query carries its own).
 */
function createStatementReader() {
  const named = new Map<string, string>()
  let rest = Buffer.alloc(0)
  let so_far: string[] = []
  let has_started = false
  return (chunk: Buffer): Statements => {
    rest = Buffer.concat([rest, chunk])
    const now: string[] = []
    const run = (statement: string) => {
      if (statement === 'begin') so_far = []
      so_far.push(statement)
      now.push(statement)
    }
    for (;;) {
      // The first message has no type.
      const header = has_started ? 1 : 0
      if (rest.length < header + 4) return { now, so_far }
      const end = header + rest.readInt32BE(header)
      if (rest.length < end) return { now, so_far }
      const body = rest.subarray(header + 4, end)
      if (has_started) {
        const type = String.fromCharCode(rest[0] ?? 0)
        const [first = '', second = ''] = body.toString('latin1').split('\0', 2)
        if (type === 'P') named.set(first, second)
        if (type === 'B') run(named.get(second) ?? '')
        if (type === 'Q') run(first)
      }
      has_started = true
      rest = rest.subarray(end)
    }
  }
}
