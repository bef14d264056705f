// Work that follows the events: again and again, and at once when events are committed.
import type { Repeated, RepeatOptions } from '#platform/jobs/repeat.ts'
import type { Wakes } from './wake.ts'

/** However many commits there are, the work begins no more often. */
const gapMilliseconds = 50

/** As `repeat`, and soon after each wake as well; one that comes while the work runs is not lost. */
export function repeatAwake({ name, every_ms, work, log, wakes }: RepeatOptions & { wakes: Wakes }): Repeated {
  let running: Promise<void> | undefined
  let next: NodeJS.Timeout | undefined
  let isDue = true
  const stopped = new AbortController()
  let begun_at = Number.NEGATIVE_INFINITY

  async function run() {
    isDue = false
    begun_at = performance.now()
    try {
      await work(stopped.signal)
    } catch (error) {
      log.warn({ err: error, job: name }, 'following events failed: it is tried again at its next turn')
    }
  }
  function begin() {
    clearTimeout(next)
    next = undefined
    running = run().finally(() => {
      running = undefined
      plan()
    })
  }
  function plan() {
    if (stopped.signal.aborted || running || (next && !isDue)) return
    clearTimeout(next)
    const since_ms = performance.now() - begun_at
    next = setTimeout(begin, Math.max(0, (isDue ? gapMilliseconds : every_ms) - since_ms))
  }
  const ended = wakes.on(() => {
    if (isDue) return
    isDue = true
    plan()
  })
  begin()
  return {
    async stop() {
      stopped.abort()
      clearTimeout(next)
      await Promise.all([ended(), running])
    },
  }
}
