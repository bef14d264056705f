// The format of server-sent events, read from an answer of `fetch`: EventSource can send no header, and a token is for no address.

export type Message = { id: string; event: string; data: string }

/** The messages in a piece of text, and what of it is not whole yet. */
export function splitMessages(text: string): { messages: Message[]; rest: string } {
  const blocks = text.split('\n\n')
  const rest = blocks.pop() ?? ''
  return { messages: blocks.map(readMessage).filter(({ event }) => event !== ''), rest }
}

function readMessage(block: string): Message {
  const message = { id: '', event: '', data: '' }
  for (const line of block.split('\n')) {
    const [, name = '', value = ''] = /^(id|event|data): ?(.*)$/.exec(line) ?? []
    if (name !== '') message[name as keyof Message] = value
  }
  return message
}

/** Each message as it comes, until the stream ends. @throws when it breaks */
export async function* messagesOf({ body }: Response): AsyncGenerator<Message> {
  if (!body) return
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const { messages, rest } = splitMessages(text + value)
    text = rest
    yield* messages
  }
}
