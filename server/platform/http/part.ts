// Asking a part of this server how it is. However many want to know, it is asked once; and one that hangs or fails holds up no other.
import type { Log } from '#platform/logging.ts'
import type { Check } from '#platform/module.ts'

const waitMilliseconds = 1500
const keptMilliseconds = 1000

export type Failure = { why: 'silent' } | { why: 'failed'; error: unknown }

/**
 * The answer is kept for a second. Where none comes in time, or asking fails, it is what `failed` says; as long as the part still
 * owes an answer it is not asked again: each question to a file system that hangs would hold one more of few threads.
 */
export function openQuestion<Answer>(
  ask: () => Promise<Answer>,
  failed: (failure: Failure) => Answer,
): () => Promise<Answer> {
  let known: Promise<Answer> | undefined
  let known_until = Infinity
  return () => {
    if (known && performance.now() < known_until) return known
    const answer = Promise.try(ask).catch((error: unknown) => failed({ why: 'failed', error }))
    known = inTime(answer, () => failed({ why: 'silent' }))
    known_until = Infinity
    void answer.then(() => {
      known = answer
      known_until = performance.now() + keptMilliseconds
    })
    return known
  }
}

async function inTime<Answer>(answer: Promise<Answer>, otherwise: () => Answer): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Answer>((resolve) => {
    timer = setTimeout(() => resolve(otherwise()), waitMilliseconds)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

const details = {
  silent: 'It does not answer',
  failed: 'It cannot be asked: the log of the server says why',
} as const satisfies Record<Failure['why'], string>

/** What the part says of itself, or `degraded`; which of these it is goes to the log whenever it changes. */
export function openCheck(part: string, ask: () => Promise<Check>, log: Log): () => Promise<Check> {
  let state: 'answers' | Failure['why'] = 'answers'
  return openQuestion(
    async () => {
      const check = await ask()
      if (state !== 'answers') log.info({ part }, 'a part of this server answers again')
      state = 'answers'
      return check
    },
    (failure) => {
      const { why } = failure
      if (state !== why)
        log.warn(
          { part, ...(why === 'failed' && { err: failure.error }) },
          'a part of this server does not say how it is',
        )
      state = why
      return { status: 'degraded', detail: details[why] }
    },
  )
}
