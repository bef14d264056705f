// A client of event streams as any other: it asks by HTTP and reads what comes.
import { once } from 'node:events'
import { type ClientRequest, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Message = { id: string; event: string; data: Record<string, unknown> }
export type OpenStream = Awaited<ReturnType<typeof openStream>>

export type StreamOptions = {
  port: number
  token: string
  query?: string
  last_event_id?: string | undefined
}

/** @throws Error with the status when it is refused */
export async function openStream({ port, token, query = '', last_event_id }: StreamOptions) {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(last_event_id === undefined ? {} : { 'last-event-id': last_event_id }),
  }
  const request: ClientRequest = get({ host: '127.0.0.1', port, path: `/api/v1/events${query}`, headers, agent: false })
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  answer.setEncoding('utf8')
  const messages: Message[] = []
  let rest = ''
  let wake = () => {}
  let isOver = false
  answer.on('data', (text: string) => {
    const parts = (rest + text).split('\n\n')
    rest = parts.pop() ?? ''
    messages.push(...parts.flatMap(readMessage))
    wake()
  })
  const ended = new Promise<number>((resolve) => {
    answer.once('close', () => {
      isOver = true
      wake()
      resolve(performance.now())
    })
  })
  answer.on('error', () => undefined)
  if (answer.statusCode !== 200) {
    await ended
    throw Object.assign(new Error(`the stream was refused: ${answer.statusCode} ${rest}`), {
      status: answer.statusCode,
    })
  }
  let read = 0
  return {
    messages,
    /** The answer itself. */
    source: answer,
    headers: answer.headers,
    /** When the stream was over. */
    ended,
    isOver: () => isOver,
    /** What is about the house, not about the stream. */
    events: () => messages.filter(({ event }) => event.includes('.')),
    lastId: () => messages.findLast(({ id }) => id !== '')?.id,
    /** The next message that this is true of; those before it are passed over. @throws when the stream ends first */
    async next(holds: (message: Message) => boolean): Promise<Message> {
      for (;;) {
        while (read < messages.length) {
          const message = messages[read++]
          if (message && holds(message)) return message
        }
        if (isOver) throw new Error(`the stream ended after ${JSON.stringify(messages.map(({ event }) => event))}`)
        await new Promise<void>((resolve) => (wake = resolve))
      }
    },
    /** Takes nothing any more, and does not hang up. */
    stall: () => void answer.pause(),
    close: () => void request.destroy(),
  }
}

function readMessage(text: string): Message[] {
  const fields = Object.fromEntries(
    text.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  )
  const { id = '', event, data } = fields
  return event === undefined || data === undefined ? [] : [{ id, event, data: JSON.parse(data) as Message['data'] }]
}

type Listening = { listen(options: { host: string; port: number }): Promise<string>; server: { address(): unknown } }

/** The port at which the application listens from now on. */
export async function listen(http: Listening): Promise<number> {
  await http.listen({ host: '127.0.0.1', port: 0 })
  return (http.server.address() as AddressInfo).port
}
