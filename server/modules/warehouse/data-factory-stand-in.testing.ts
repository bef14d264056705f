// For tests: what stands in for Azure Data Factory. It speaks the three operations of its REST API (2018-06-01) that are used here, over
// TLS, and can be told to refuse, or to lose its answers.
import { randomUUID } from 'node:crypto'
import { makeCertificate, startTlsReceiver } from '#platform/outbound/tls.testing.ts'
import type { PipelineAddress } from '#platform/storage/warehouse-variables.ts'

export const address: PipelineAddress = {
  subscription: '11111111-2222-4333-8444-555555555555',
  resource_group: 'hospital-rg',
  factory: 'hospital-factory',
  pipeline: 'load warehouse',
}
const factoryPath = `/subscriptions/${address.subscription}/resourceGroups/${address.resource_group}/providers/Microsoft.DataFactory/factories/${address.factory}`

type Begun = { runId: string; pipelineName: string; parameters: Record<string, unknown>; status: string }

export async function startDataFactoryStandIn() {
  const certificate = makeCertificate()
  const runs: Begun[] = []
  const asked: string[] = []
  let mood: 'well' | 'refuses' | 'loses_answers' = 'well'

  const receiver = await startTlsReceiver(certificate, (request, reply) => {
    const url = new URL(request.url ?? '', 'https://stand-in')
    const path = decodeURIComponent(url.pathname).replace(factoryPath, '')
    asked.push(`${request.method} ${path.replace(/pipelineruns\/.*/, 'pipelineruns/{id}')}`)
    const answer = (status: number, body: object) => {
      reply.writeHead(status, { 'content-type': 'application/json' })
      reply.end(JSON.stringify(body))
    }
    const error = (status: number, code: string) => answer(status, { error: { code, message: code } })
    if (request.headers.authorization !== 'Bearer of-the-server') return error(401, 'AuthenticationFailed')
    if (url.searchParams.get('api-version') !== '2018-06-01') return error(400, 'InvalidApiVersion')
    if (mood === 'refuses') return error(503, 'ServiceUnavailable')
    if (request.method === 'POST' && path === `/pipelines/${address.pipeline}/createRun`) {
      const parameters = JSON.parse(receiver.received.at(-1)?.body ?? '{}') as Record<string, unknown>
      const run = { runId: randomUUID(), pipelineName: address.pipeline, parameters, status: 'InProgress' }
      runs.push(run)
      if (mood === 'loses_answers') return void request.socket.destroy()
      return answer(200, { runId: run.runId })
    }
    if (request.method === 'POST' && path === '/queryPipelineRuns') return answer(200, { value: runs })
    const run = runs.find(({ runId }) => path === `/pipelineruns/${runId}`)
    return run && request.method === 'GET' ? answer(200, run) : error(404, 'NotFound')
  })

  return {
    runs,
    asked,
    options: {
      endpoint: `https://127.0.0.1:${receiver.port}`,
      ca: certificate.cert,
      credential: { getToken: async () => ({ token: 'of-the-server', expiresOnTimestamp: Date.now() + 3_600_000 }) },
    },
    become: (next: typeof mood) => void (mood = next),
    [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose](),
  }
}
