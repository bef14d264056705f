// Small work that every server does again and again, each run after the last one has ended.
import type { Log } from '#platform/logging.ts'

export type Repeated = { stop(): Promise<void> }

export type RepeatOptions = {
  name: string
  every_ms: number
  /** Long work ends early when `stop` was called. */
  work: (stopped: AbortSignal) => Promise<unknown>
  log: Log
}

/** Runs the work now and then every so often. A run that fails is logged, and the next one comes all the same. */
export function repeat({ name, every_ms, work, log }: RepeatOptions): Repeated {
  let running: Promise<void> | undefined
  const stopped = new AbortController()
  const run = async () => {
    try {
      await work(stopped.signal)
    } catch (error) {
      log.warn({ err: error, job: name }, 'repeated work failed: it is tried again at its next turn')
    } finally {
      running = undefined
    }
  }
  const begin = () => {
    running ??= run()
  }
  begin()
  const timer = setInterval(begin, every_ms)
  return {
    async stop() {
      clearInterval(timer)
      stopped.abort()
      await running
    },
  }
}
