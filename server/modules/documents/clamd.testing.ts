// Stands in for clamd where a test is about how it fails: it speaks the protocol, and behaves as it is told.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

export type Behaviour = {
  version: string
  /** What it says of a content. */
  judge: (content: Buffer) => string
  /** `closes` once it has read so many bytes of a content, `hangs` without a word, has `enough` of a content at once, or answers. */
  mood: 'answers' | 'hangs' | 'closes' | 'enough'
}

/** On a port of its own, or where `path` says. */
export async function startClamd(path?: string) {
  const behaviour: Behaviour = { version: 'ClamAV 1.4.6', judge: () => 'stream: OK', mood: 'answers' }
  const sockets = new Set<Socket>()
  let scans = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    let received = Buffer.alloc(0)
    socket.on('data', (part: Buffer) => {
      received = Buffer.concat([received, part])
      if (behaviour.mood === 'hangs') return
      const command = received.toString('latin1', 0, received.indexOf(0))
      if (command === 'zVERSION') socket.end(`${behaviour.version}\0`)
      if (command !== 'zINSTREAM') return
      if (behaviour.mood === 'closes') {
        socket.destroy()
        return
      }
      if (behaviour.mood === 'enough') {
        if (!socket.writableEnded) socket.end('INSTREAM size limit exceeded. ERROR\0')
        return
      }
      const content = contentOf(received.subarray(command.length + 1))
      if (!content) return
      scans += 1
      socket.end(`${behaviour.judge(content)}\0`)
    })
  })
  if (path === undefined) server.listen(0, '127.0.0.1')
  else server.listen(path)
  await once(server, 'listening')
  const address = server.address()
  if (address === null) throw new Error('it does not listen')
  return {
    url: typeof address === 'string' ? `unix:${address}` : `tcp://127.0.0.1:${address.port}`,
    behaviour,
    scans: () => scans,
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Undefined until the piece of length 0 that ends it is there. */
function contentOf(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = []
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = bytes.readUInt32BE(at)
    if (length === 0) return Buffer.concat(parts)
    parts.push(bytes.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return undefined
}
