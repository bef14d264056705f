import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { messagesOf, splitMessages } from './event-stream.ts'

const first = 'id: 7.1\nevent: appointment.booked\ndata: {"a":"b: c"}\n\n'
const second = 'id: 8.1\nevent: position\ndata: {}\n\n'

describe('messages of a stream', () => {
  it('are told when they are whole, and what is not waits', () => {
    assert.deepEqual(splitMessages(`retry: 2000\n\n${first}id: 8`), {
      messages: [{ id: '7.1', event: 'appointment.booked', data: '{"a":"b: c"}' }],
      rest: 'id: 8',
    })
  })

  it('come whole however the network cuts them, inside of a letter too', async () => {
    const bytes = new TextEncoder().encode(first.replace('b: c', 'ñandú') + second)
    for (const size of [1, 2, 7, bytes.length]) {
      const pieces = new ReadableStream<Uint8Array<ArrayBuffer>>({
        start(stream) {
          for (let at = 0; at < bytes.length; at += size) stream.enqueue(bytes.slice(at, at + size))
          stream.close()
        },
      })
      const events = []
      for await (const { event, data } of messagesOf(new Response(pieces))) events.push([event, data])
      assert.deepEqual(events, [
        ['appointment.booked', '{"a":"ñandú"}'],
        ['position', '{}'],
      ])
    }
  })
})
