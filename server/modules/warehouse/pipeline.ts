// A pipeline of Azure Data Factory: begun, found again and followed by its REST API. Who fails several times in a row is left alone for a while.
import type { TokenCredential } from '@azure/identity'
import type { DataFactoryManagementClient } from '@azure/arm-datafactory'
import { Problem } from '#platform/contract/problem.ts'
import { type CircuitOptions, openCircuit } from '#platform/services/circuit.ts'
import type { PipelineAddress } from '#platform/storage/warehouse-variables.ts'
import { pipelineUnavailable } from './warehouse.contract.ts'

export type PipelineStatus = 'running' | 'succeeded' | 'failed' | 'cancelled'
/** What the pipeline is told; it declares them as parameters. */
export type PipelineParameters = { openward_run_id: string; generation: number; run: number; manifest: string }

export type Pipeline = {
  /** Its id there. @throws Problem pipelineUnavailable: whether it was begun is to be looked for */
  begin: (parameters: PipelineParameters) => Promise<string>
  /** The id of the one that was begun for this run since, where its answer was lost. @throws Problem pipelineUnavailable */
  find: (openward_run_id: string, since: string) => Promise<string | undefined>
  /** @throws Problem pipelineUnavailable */
  statusOf: (id: string) => Promise<PipelineStatus>
}

export type PipelineOptions = {
  /** The identity of the server unless given. */
  credential?: TokenCredential
  endpoint?: string
  /** A certificate to trust beside those that are known. */
  ca?: string
  circuit?: CircuitOptions
}

const answerMilliseconds = 30_000

export function openPipeline(address: PipelineAddress, options: PipelineOptions = {}): Pipeline {
  const { subscription, resource_group, factory, pipeline } = address
  const circuit = openCircuit({ failures_limit: 5, pause_ms: 60_000, ...options.circuit })
  let opened: Promise<DataFactoryManagementClient> | undefined

  async function ask<T>(question: (client: DataFactoryManagementClient, abortSignal: AbortSignal) => Promise<T>) {
    if (!circuit.mayCall()) throw new Problem(pipelineUnavailable, { retry_after_seconds: 60 })
    try {
      const answer = await question(
        await (opened ??= connect(subscription, options)),
        AbortSignal.timeout(answerMilliseconds),
      )
      circuit.succeeded()
      return answer
    } catch (error) {
      circuit.failed()
      throw new Problem(pipelineUnavailable, { retry_after_seconds: 60 }, error)
    }
  }

  return {
    begin: (parameters) =>
      ask(async (client, abortSignal) => {
        const { runId } = await client.pipelines.createRun(resource_group, factory, pipeline, {
          parameters,
          abortSignal,
        })
        return runId
      }),
    find: (openward_run_id, since) =>
      ask(async (client, abortSignal) => {
        const { value } = await client.pipelineRuns.queryByFactory(
          resource_group,
          factory,
          {
            lastUpdatedAfter: new Date(since),
            lastUpdatedBefore: new Date(Date.now() + 60_000),
            filters: [{ operand: 'PipelineName', operator: 'Equals', values: [pipeline] }],
          },
          { abortSignal },
        )
        return value.find(({ parameters }) => parameters?.['openward_run_id'] === openward_run_id)?.runId
      }),
    statusOf: (id) =>
      ask(async (client, abortSignal) => {
        const { status } = await client.pipelineRuns.get(resource_group, factory, id, { abortSignal })
        if (status === 'Succeeded') return 'succeeded'
        if (status === 'Failed') return 'failed'
        return status === 'Cancelled' ? 'cancelled' : 'running'
      }),
  }
}

/** The library is loaded where a pipeline is configured only. */
async function connect(subscription: string, { credential, endpoint, ca }: PipelineOptions) {
  const { DataFactoryManagementClient } = await import('@azure/arm-datafactory')
  const identity = credential ?? new (await import('@azure/identity')).DefaultAzureCredential()
  return new DataFactoryManagementClient(identity, subscription, {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(ca === undefined ? {} : { tlsOptions: { ca } }),
    // Tried again by the job, which looks first whether it was begun.
    retryOptions: { maxRetries: 0 },
  })
}
