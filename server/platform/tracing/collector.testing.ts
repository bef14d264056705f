// Stands in for a collector of traces in tests: it takes OTLP over HTTP with JSON, as the OpenTelemetry Collector does at port 4318,
// and keeps the spans.
import { once } from 'node:events'
import { createServer } from 'node:http'

type Value = { stringValue?: string; intValue?: number; doubleValue?: number; boolValue?: boolean }
type Member = { key: string; value: Value }
type SentSpan = {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  attributes: Member[]
  status: { code?: number }
}
export type CollectedSpan = Omit<SentSpan, 'attributes'> & {
  service: string
  attributes: Record<string, string | number | boolean | undefined>
}

export async function startCollector(port = 0) {
  const spans: CollectedSpan[] = []
  const paths = new Set<string>()
  let text = ''
  const server = createServer((request, answer) => {
    let body = ''
    request.on('data', (chunk: Buffer) => void (body += chunk.toString()))
    request.on('end', () => {
      paths.add(`${request.method} ${request.url}`)
      text += body
      const sent = JSON.parse(body) as {
        resourceSpans: { resource: { attributes: Member[] }; scopeSpans: { spans: SentSpan[] }[] }[]
      }
      for (const { resource, scopeSpans } of sent.resourceSpans) {
        const service = String(membersOf(resource.attributes)['service.name'])
        for (const span of scopeSpans.flatMap((scope) => scope.spans))
          spans.push({ ...span, service, attributes: membersOf(span.attributes) })
      }
      answer.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the collector has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    spans,
    paths,
    /** All that was sent, as it came. */
    text: () => text,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function membersOf(attributes: readonly Member[]) {
  return Object.fromEntries(
    attributes.map(({ key, value: { stringValue, intValue, doubleValue, boolValue } }) => [
      key,
      stringValue ?? intValue ?? doubleValue ?? boolValue,
    ]),
  )
}
