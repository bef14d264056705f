// Prism (@stoplight/prism-cli) between the people of a test and what they use: it holds each answer against the OpenAPI document. What it
// cannot pass on goes past it: files that are uploaded (it takes a form apart and forwards it as another), and streams without an end.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, statusOf, until } from './processes.ts'

const program = fileURLToPath(new URL('../node_modules/@stoplight/prism-cli/dist/index.js', import.meta.url))

const start_limit_ms = 45_000

export type Judge = {
  port: number
  /** @throws where an answer broke its contract, or none has passed */
  stop: () => Promise<void>
}

/** Requests are not judged: journeys send wrong ones as well. */
export async function startPrism({ directory, port: behind }: { directory: string; port: number }): Promise<Judge> {
  const document = join(directory, 'openapi.json')
  const given = await fetch(`http://127.0.0.1:${behind}/openapi.json`)
  writeFileSync(document, await given.text())
  // It was seen to hang at its start, without using a processor, about once in thirty times: what it waits for is not known.
  const prism = await startProgram(document, behind).catch(() => startProgram(document, behind))
  const door = createServer((asked, answer) => {
    const { connection: _, ...headers } = asked.headers
    const passes_by = headers['content-type']?.startsWith('multipart/') || headers.accept === 'text/event-stream'
    const target = {
      host: '127.0.0.1',
      port: passes_by ? behind : prism.port,
      method: asked.method,
      path: asked.url,
      headers,
    }
    const sent = request(target, (given) => {
      answer.writeHead(given.statusCode ?? 502, given.headers)
      given.on('error', () => answer.destroy()).pipe(answer)
    })
    sent.on('error', () => answer.destroy())
    asked.pipe(sent)
  })
  door.listen(0, '127.0.0.1')
  await once(door, 'listening')
  const address = door.address()
  if (address === null || typeof address === 'string') throw new Error('there is no port')
  return {
    port: address.port,
    async stop() {
      door.close()
      door.closeAllConnections()
      const said = await prism.end()
      // An address that the document does not have (health, a wrong one on purpose) is told of as one of the request.
      const broken = said.split('\n').filter((line) => line.includes('Violation: response'))
      if (broken.length > 0) throw new Error(`answers break their contract:\n${[...new Set(broken)].join('\n')}`)
      const judged = said.split('< Received forward response').length - said.split('route not found').length
      if (judged < 10) throw new Error(`Prism judged ${judged} answers`)
    },
  }
}

async function startProgram(document: string, behind: number) {
  const port = await freePort()
  const options = ['--host', '127.0.0.1', '--port', String(port), '--validate-request=false', '--cors=false']
  const child = spawn(process.execPath, [program, 'proxy', document, `http://127.0.0.1:${behind}`, ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], NO_COLOR: '1', FORCE_COLOR: '0' },
  })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => void (said += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => void (said += chunk.toString()))
  const ended = once(child, 'exit')
  const passes = async () => {
    if (child.exitCode !== null) throw new Error('Prism ended')
    return (await statusOf({ port }, '/health/live')) === 200
  }
  await until('Prism passes requests on', passes, start_limit_ms).catch((error: unknown) => {
    child.kill('SIGKILL')
    throw new Error(`Prism does not start: ${said.slice(-2000)}`, { cause: error })
  })
  return {
    port,
    /** All that it has said. */
    async end() {
      child.kill('SIGTERM')
      await ended
      return said
    },
  }
}
