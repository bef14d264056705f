// The name index as the main thread sees it: promises, answered by a worker thread.
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import type { Answer, NumberedRequest, Request, WorkerSettings } from './messages.ts'
import type { NameSearch } from './name-index.ts'
import { packRows, type SealedCardRow, unpackIds } from './packing.ts'

export type { NameSearch, SealedCardRow }

export type NameIndexClient = {
  /** Adds patients, or replaces what was known of them; resolves when they can be found. Ids that did not open come back. */
  addSealed: (rows: readonly SealedCardRow[]) => Promise<{ unreadable: string[] }>
  /** Other master keys from now on, in the form of OPENWARD_MASTER_KEY. */
  useMasterKeys: (text: string) => Promise<void>
  remove: (ids: readonly string[]) => Promise<void>
  /** Ids of the best matches first, by name, by birth date, or both; who may see them is for the database to say. */
  search: (text: string, options: NameSearch) => Promise<string[]>
  /** People in the index as of the last answer. */
  size: () => number
  /** Bytes of the index as of the last answer, without the thread itself (about 20 MB). */
  memory_bytes: () => number
  /** Settles with the reason when the worker is gone, whether it failed or was closed. */
  stopped: Promise<Error>
  /** Ends the worker. What was not answered yet is rejected. */
  close: () => Promise<void>
}

/** A search waits for the batch before it: 200 cards take about 8 ms to open and index. */
const BATCH_ROWS = 200

/** What a search allocates is gone with its answer; the index itself lies outside the heap. */
const YOUNG_GENERATION_MB = 12

type Waiting = { resolve: (answer: Answer) => void; reject: (reason: Error) => void }

/**
 * Starts an empty index. The worker does not keep the process running.
 * Every promise is rejected with an Error when the worker has failed or was closed; it is then started anew and filled again.
 */
export function startNameIndex(settings: WorkerSettings): NameIndexClient {
  // V8 lets this flag of the process win over the limit below. The main thread took it when its heap was made, so it can go.
  setFlagsFromString('--max-semi-space-size=0')
  const worker = new Worker(new URL('./name-index.worker.ts', import.meta.url), {
    workerData: settings,
    name: 'names',
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  })
  worker.unref()
  const waiting = new Map<number, Waiting>()
  const { promise: stopped, resolve: reportStopped } = Promise.withResolvers<Error>()
  let lastRequest = 0
  let size = 0
  let memoryBytes = 0
  let stoppedBecause: Error | undefined
  let outgoing: NumberedRequest[] = []
  let transferred: ArrayBuffer[] = []

  worker.on('message', (answers: Answer[] | object) => {
    // Under `node --watch` a worker also reports, over the same port, which files it loads.
    if (!Array.isArray(answers)) return
    for (const answer of answers as Answer[]) {
      size = answer.size
      memoryBytes = answer.memory_bytes
      waiting.get(answer.request_number)?.resolve(answer)
      waiting.delete(answer.request_number)
    }
    if (waiting.size === 0) worker.unref()
  })
  worker.on('error', (cause: unknown) => stop(new Error('the name index failed', { cause })))
  worker.on('exit', () => stop(new Error('the name index was closed')))

  function stop(reason: Error): void {
    if (stoppedBecause) return
    stoppedBecause = reason
    for (const { reject } of waiting.values()) reject(reason)
    waiting.clear()
    reportStopped(reason)
  }

  async function ask(request: Request, transfer: ArrayBuffer[] = []): Promise<Answer> {
    if (stoppedBecause) throw stoppedBecause
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const request_number = ++lastRequest
    waiting.set(request_number, { resolve, reject })
    transferred.push(...transfer)
    // A message between threads costs more than a quick search: those of one turn of the event loop travel in one.
    if (outgoing.push({ request_number, request }) === 1) setImmediate(send)
    return promise
  }

  function send(): void {
    worker.ref()
    worker.postMessage(outgoing, transferred)
    outgoing = []
    transferred = []
  }

  return {
    addSealed: async (rows) => {
      const unreadable: string[] = []
      for (let from = 0; from < rows.length; from += BATCH_ROWS) {
        const packed = packRows(rows.slice(from, from + BATCH_ROWS))
        const answer = await ask({ kind: 'add_sealed', packed }, [packed.buffer])
        unreadable.push(...answer.unreadable)
      }
      return { unreadable }
    },
    useMasterKeys: async (text) => {
      await ask({ kind: 'master_keys', text })
    },
    remove: async (ids) => {
      await ask({ kind: 'remove', ids })
    },
    search: async (text, options) => unpackIds((await ask({ kind: 'search', text, options })).ids),
    size: () => size,
    memory_bytes: () => memoryBytes,
    stopped,
    close: async () => {
      await worker.terminate()
    },
  }
}
