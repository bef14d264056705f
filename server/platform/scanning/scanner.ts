// Judges contents with clamd. Only a scan that ran to its end, with signatures that are fresh, says that something is clean; whatever
// else happens says that it is not known.
import type { Configuration } from '#platform/configuration.ts'
import type { Check } from '#platform/module.ts'
import { askClamd, readClamdAddress, sendToClamd, type Waits } from './clamd.ts'

/** `scanned_with` names the scanner and its signatures. */
export type Verdict =
  | { status: 'clean'; scanned_with: string }
  | { status: 'infected'; threat: string; scanned_with: string }
  /** Looked at, but not all of it: encrypted, or beyond a limit. */
  | { status: 'unscannable'; reason: string }
  /** Nothing is known yet: the scanner is away, or its signatures are too old. */
  | { status: 'waiting' }
  /** The scanner answered, and could not judge this content. */
  | { status: 'failed' }

export type Scanner = {
  /** Never fails because of the scanner. @throws what reading the content throws */
  scan(content: () => AsyncIterable<Buffer>): Promise<Verdict>
  /** What it scans with now; undefined while it is away or its signatures are too old. */
  scansWith(): Promise<string | undefined>
  check(): Promise<Check>
}

const waits: Waits = { answer_ms: 2000, step_ms: 10_000, verdict_ms: 60_000 }
/** After a failure nobody waits for it again before this has gone by. */
const restMilliseconds = 5000

/** Undefined where none is configured. */
export function openScanner({
  clamd_url,
  signature_days,
}: Pick<Configuration, 'clamd_url' | 'signature_days'>): Scanner | undefined {
  const address = clamd_url === undefined ? undefined : readClamdAddress(clamd_url)
  if (!address) return undefined
  const clamd = address
  let failed_at: number | undefined

  async function state(): Promise<{ version: string; age_days: number | undefined } | undefined> {
    if (failed_at !== undefined && performance.now() - failed_at < restMilliseconds) return undefined
    try {
      const version = await askClamd(clamd, 'VERSION', waits)
      failed_at = undefined
      return { version, age_days: ageInDays(version) }
    } catch {
      failed_at = performance.now()
      return undefined
    }
  }

  const isFresh = (age_days: number | undefined) => age_days === undefined || age_days <= signature_days

  return {
    async scan(content) {
      const known = await state()
      if (!known) return { status: 'waiting' }
      let broken: unknown
      const source = content()
      try {
        const answer = await sendToClamd(
          clamd,
          noting(source, (error) => (broken = error)),
          waits,
        )
        const verdict = verdictOf(answer, known.version)
        // What old signatures find is found; what they do not find may still be there.
        return verdict.status === 'clean' && !isFresh(known.age_days) ? { status: 'waiting' } : verdict
      } catch {
        if (broken !== undefined) throw broken
        // clamd hangs up on what is beyond its limits, too. While it answers others, it was this content that it did not judge.
        return (await state()) ? { status: 'failed' } : { status: 'waiting' }
      }
    },
    async scansWith() {
      const known = await state()
      return known && isFresh(known.age_days) ? known.version : undefined
    },
    async check() {
      const known = await state()
      if (!known)
        return {
          status: 'degraded',
          detail: 'clamd does not answer: documents wait to be scanned, and nobody is shown them',
        }
      if (isFresh(known.age_days)) return { status: 'ok' }
      return {
        status: 'degraded',
        detail: `The signatures of clamd are ${known.age_days} days old: documents wait until they are fresh, see to freshclam`,
      }
    },
  }
}

async function* noting(content: AsyncIterable<Buffer>, note: (error: unknown) => void): AsyncGenerator<Buffer> {
  try {
    yield* content
  } catch (error) {
    note(error)
    throw error
  }
}

/** `stream: OK`, `stream: NAME FOUND`, `… ERROR`. clamd tells limits and encryption as if they were threats (AlertExceedsMax, AlertEncrypted). */
export function verdictOf(answer: string, scanned_with: string): Verdict {
  if (answer === 'stream: OK') return { status: 'clean', scanned_with }
  const found = /^stream: (\S{1,200}) FOUND$/.exec(answer)?.[1]
  if (found !== undefined) {
    if (/^Heuristics\.(Limits\.Exceeded|Encrypted)/.test(found)) return { status: 'unscannable', reason: found }
    return { status: 'infected', threat: found.replaceAll(/[^\w.:()/-]/g, '_'), scanned_with }
  }
  if (answer.startsWith('INSTREAM size limit exceeded')) return { status: 'unscannable', reason: 'StreamMaxLength' }
  return { status: 'failed' }
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `ClamAV 1.4.6/27500/Mon Nov 23 09:12:44 2026`. Signatures of one's own alone have no date, and no age is known of them. */
function ageInDays(version: string): number | undefined {
  const [, month = '', day = '', year = ''] =
    /^[^/]*\/\d+\/\w{3} (\w{3}) {1,2}(\d{1,2}) \d{2}:\d{2}:\d{2} (\d{4})/.exec(version) ?? []
  if (!months.includes(month)) return undefined
  const made = Temporal.PlainDate.from({ year: Number(year), month: months.indexOf(month) + 1, day: Number(day) })
  return made.until(Temporal.Now.plainDateISO('UTC')).days
}
