// Speaks with clamd (man 8 clamd): a command with z in front, answers that end with a zero byte. Every wait has an end.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export type ClamdAddress = { host: string; port: number } | { path: string }

/** `tcp://host:3310` or `unix:/path`; undefined for what is neither. */
export function readClamdAddress(text: string): ClamdAddress | undefined {
  const path = /^unix:(?:\/\/)?(\/.+)$/.exec(text)?.[1]
  if (path !== undefined) return { path }
  const [, host, port = '3310'] = /^tcp:\/\/(\[[0-9a-fA-F:]+\]|[\w.-]+)(?::(\d{1,5}))?\/?$/.exec(text) ?? []
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) return undefined
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

export type Waits = {
  /** For a connection, and for the answer to a question. */
  answer_ms: number
  /** Without a step forward while a file is sent. */
  step_ms: number
  /** For the verdict, once all is sent. */
  verdict_ms: number
}

const longestAnswer = 4096

/** @throws Error when clamd does not answer in time */
export async function askClamd(address: ClamdAddress, command: string, { answer_ms }: Waits): Promise<string> {
  return session(address, answer_ms, async (socket, answer) => {
    socket.write(`z${command}\0`)
    return within(answer_ms, answer)
  })
}

/** Sends a content piece by piece and returns what clamd says of it. @throws Error when it does not, or the content fails */
export async function sendToClamd(
  address: ClamdAddress,
  content: AsyncIterable<Buffer>,
  waits: Waits,
): Promise<string> {
  return session(address, waits.answer_ms, async (socket, answer) => {
    let answered: string | undefined
    const heard = answer.then((text) => (answered = text))
    heard.catch(() => undefined)
    const send = async (bytes: Buffer) => {
      if (socket.write(bytes)) return
      // What clamd will read no further, it has judged: its answer lies there, or comes no more.
      await within(waits.step_ms, Promise.race([once(socket, 'drain'), heard]))
    }
    await send(Buffer.from('zINSTREAM\0'))
    for await (const part of content) {
      if (answered !== undefined) return answered
      const length = Buffer.alloc(4)
      length.writeUInt32BE(part.length)
      await send(Buffer.concat([length, part]))
    }
    await send(Buffer.alloc(4))
    return within(waits.verdict_ms, heard)
  })
}

async function session<T>(
  address: ClamdAddress,
  answer_ms: number,
  talk: (socket: Socket, answer: Promise<string>) => Promise<T>,
): Promise<T> {
  const socket = connect(address)
  const answer = readAnswer(socket)
  answer.catch(() => undefined)
  try {
    await within(answer_ms, Promise.race([once(socket, 'connect'), answer]))
    return await talk(socket, answer)
  } finally {
    socket.destroy()
  }
}

async function readAnswer(socket: Socket): Promise<string> {
  let text = ''
  let failure: unknown
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  socket.on('data', (part: Buffer) => {
    text += part.toString('latin1')
    const end = text.indexOf('\0')
    if (end >= 0) resolve(text.slice(0, end))
    else if (text.length > longestAnswer) reject(new Error('clamd answers what nobody asked'))
  })
  socket.on('error', (error) => (failure = error))
  socket.on('close', () => reject(new Error('clamd closed the connection before it had answered', { cause: failure })))
  return promise
}

async function within<T>(limit_ms: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`clamd did not answer within ${limit_ms} ms`)), limit_ms)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
