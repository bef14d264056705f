// A scanner whose talks with clamd are spans, with how it ended and never with what was found.
import type { Scanner } from '#platform/scanning/scanner.ts'
import type { BeginSpan } from './traced-storage.ts'
import { failureOf, within } from './tracing.ts'

/** Of a scanner that is traced already, the scanner itself. */
const untraced = new WeakMap<Scanner, Scanner>()

export function tracedScanner(scanner: Scanner, begin: BeginSpan): Scanner {
  const own = untraced.get(scanner) ?? scanner
  const traced: Scanner = {
    async scan(content) {
      const span = begin('clamd scan')
      try {
        const verdict = await own.scan(content)
        const { status } = verdict
        const failure = status === 'waiting' || status === 'failed' ? status : undefined
        span.end({ failure, attributes: { 'openward.verdict': status } })
        return verdict
      } catch (error) {
        span.end({ failure: failureOf(error) })
        throw error
      }
    },
    scansWith: () => within(begin('clamd version'), () => own.scansWith()),
    check: () => own.check(),
  }
  untraced.set(traced, own)
  return traced
}
