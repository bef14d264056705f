// A copy of the signed roots in a folder elsewhere, such as a share that the administrators of this machine cannot change. What is
// missing there is caught up from the database; nothing waits for it, and nothing stops without it.
import { setTimeout as wait } from 'node:timers/promises'
import { publishToFile, type RootPublisher } from '#platform/audit/publish.ts'
import { copyRoots } from '#platform/audit/seal.ts'
import type { System } from '#platform/context.ts'
import { isConnectionFault } from '#platform/database/connection.ts'
import { repeat, type Repeated } from '#platform/jobs/repeat.ts'
import type { Check } from '#platform/module.ts'
import { rootsFileElsewhere, withLongConnection } from './verification.ts'

const copyEveryMilliseconds = 5000
/** A share whose server is gone may not answer for hours. */
const patienceMilliseconds = 10_000

export type RootsCopy = {
  /** One turn; `check` tells what was wrong. */
  copy(): Promise<void>
  check(): Check
  start(): void
  stop(): Promise<void>
}

type Needed = Pick<System, 'pool' | 'log' | 'configuration'>
type Options = { every_ms?: number; patience_ms?: number; publisher?: RootPublisher }

/** Undefined where no such folder is configured. */
export function openRootsCopy({ pool, log, configuration }: Needed, options: Options = {}): RootsCopy | undefined {
  const path = rootsFileElsewhere(configuration)
  if (path === undefined) return undefined
  const {
    every_ms = copyEveryMilliseconds,
    patience_ms = patienceMilliseconds,
    publisher = publishToFile(path),
  } = options
  const elsewhere = inTime(publisher, patience_ms)
  let fault: string | undefined
  let repeated: Repeated | undefined

  async function copy() {
    const before = fault
    try {
      await withLongConnection(pool, (connection) => copyRoots(connection, elsewhere))
      fault = undefined
      if (before !== undefined) log.info('the roots of the audit log are copied to OPENWARD_AUDIT_ROOTS_DIR again')
    } catch (error) {
      // Without the database there is nothing to copy, and that is told elsewhere.
      if (isConnectionFault(error)) return
      fault = error instanceof Error ? error.message : 'it cannot be written to'
      if (fault !== before)
        log.error({ err: error }, 'the roots of the audit log are not copied to OPENWARD_AUDIT_ROOTS_DIR')
    }
  }

  return {
    copy,
    check: () =>
      fault === undefined
        ? { status: 'ok' }
        : { status: 'degraded', detail: `Roots of the audit log are not copied to OPENWARD_AUDIT_ROOTS_DIR: ${fault}` },
    start() {
      repeated = repeat({ name: 'audit.copy_roots', every_ms, work: copy, log })
    },
    async stop() {
      await repeated?.stop()
    },
  }
}

/** Says why the folder refused, and waits for it only so long: what it was asked for cannot be called off, and is not asked twice. */
function inTime(publisher: RootPublisher, patience_ms: number): RootPublisher {
  const silent = 'the folder does not answer'
  let asked: Promise<unknown> | undefined
  async function ask<T>(work: () => Promise<T>): Promise<T> {
    if (asked) throw new Error(silent)
    const answer = work().catch((error: NodeJS.ErrnoException) => {
      throw new Error(reasonOf(error), { cause: error })
    })
    asked = answer
      .catch(() => undefined)
      .finally(() => {
        asked = undefined
      })
    const answered = new AbortController()
    const silence = wait(patience_ms, undefined, { signal: answered.signal }).then(() => {
      throw new Error(silent)
    })
    return Promise.race([answer, silence]).finally(() => answered.abort())
  }
  return { last: () => ask(publisher.last), publish: (roots) => ask(() => publisher.publish(roots)) }
}

/** Without the path, which is nobody's business who asks for the health of a server. */
export function reasonOf({ code }: { code?: string | undefined }): string {
  if (code === undefined) return 'roots.txt there is something else: move it away'
  if (code === 'ENOENT') return 'there is no such folder: mount it, or mend the variable'
  if (['EACCES', 'EPERM', 'EROFS'].includes(code))
    return `this user may not write there (${code}): give the folder to the user that runs OpenWard`
  if (['ENOSPC', 'EDQUOT'].includes(code)) return `the folder is full (${code}): make room`
  return `it cannot be written to (${code})`
}
