// The document store with a span for each call that leaves the process or goes to the disk. What a file
// is called is not told, nor how large it is.
import type { Storage } from '#platform/storage/storage.ts'
import { failureOf, type TraceSpan, within } from './tracing.ts'

/** Begins a span under another one, or one of its own. */
export type BeginSpan = (name: string) => TraceSpan

/** Of a store that is traced already, the store itself: a request has its calls under its own span. */
const untraced = new WeakMap<Storage, Storage>()

export function tracedStorage(storage: Storage, begin: BeginSpan): Storage {
  const own = untraced.get(storage) ?? storage
  const traced: Storage = {
    write: (name, content) => within(begin('documents write'), () => own.write(name, content)),
    async read(name) {
      const span = begin('documents read')
      try {
        return untilEnd(await own.read(name), span)
      } catch (error) {
        span.end({ failure: failureOf(error) })
        throw error
      }
    },
    remove: (name) => within(begin('documents remove'), () => own.remove(name)),
    list: () => listed(() => own.list(), begin, 'documents list'),
    // Asked for every few seconds, as health is.
    check: () => own.check(),
  }
  untraced.set(traced, own)
  return traced
}

/** The span begins with the first step, and not for a list that nobody reads. */
export async function* listed(
  list: () => AsyncIterable<string>,
  begin: BeginSpan,
  name: string,
): AsyncGenerator<string> {
  yield* untilEnd(list(), begin(name))
}

/** Ends the span with the last piece, or where whoever reads gives it up. */
async function* untilEnd<T>(content: AsyncIterable<T>, span: TraceSpan): AsyncGenerator<T> {
  let failure: string | undefined
  try {
    yield* content
  } catch (error) {
    failure = failureOf(error)
    throw error
  } finally {
    span.end({ failure })
  }
}
