// The name index at work: filled from the database when the server starts, told at once of what this process writes, and
// kept fresh by the events of all servers. It lives in a worker thread (name-index/).
import { type NameIndexClient, type SealedCardRow, startNameIndex } from './name-index/index.client.ts'
import { countIndexable, findIndexable, type IndexableRow, listIndexable } from './patient-names.store.ts'
import type { PatientRecord } from './patient.sealing.ts'
import type { System } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import { type Database, scopedDatabase } from '#platform/database/transaction.ts'
import { kekIds, unsafeMasterKeysText } from '#platform/encryption/keyring.ts'
import { type FollowedEvent, followEvents } from '#platform/events/follower.ts'
import type { Repeated } from '#platform/jobs/repeat.ts'
import type { Check } from '#platform/module.ts'

export type NamesFound = { ids: string[]; is_complete: boolean }

export type PatientNames = {
  /** The best matches first. `is_complete` is false while the index is being filled, and before it is. */
  search(
    text: string,
    options: { limit: number; date_of_birth?: string | undefined; among?: readonly string[] | undefined },
  ): Promise<NamesFound>
  /** Ids of people with a name like this one and the same birth date, or one a slip away; empty where either is unknown. */
  bornOn(person: Pick<PatientRecord, 'first_name' | 'last_name' | 'date_of_birth'>): Promise<string[]>
  /** Tells the index of a change that this process has committed; searches that come after find it. */
  changed(row: SealedCardRow & { version: number }): void
}

export type RunningNames = PatientNames & { start(): Promise<void>; stop(): Promise<void>; check(): Promise<Check> }

const batchRows = 2000
const restartMilliseconds = 2000
const followedTypes = [
  'registered',
  'updated',
  'restored',
  'deleted',
  'merged',
  'unmerged',
  'erased',
  'imported',
  'resealed',
].map((verb) => `patient.${verb}`)

export function openPatientNames(system: Pick<System, 'pool' | 'keys' | 'log'>): RunningNames {
  const { log } = system
  // The system's own work reads everyone's cards, and no one sees them for it.
  const database: Database = scopedDatabase(
    system.pool,
    { enter: () => sql`select openward.enter_as('all')` },
    { audit: (entry) => entry },
  )
  let index: NameIndexClient | undefined
  let isComplete = false
  let isStopping = false
  let expected = 0
  let running: Promise<void> = Promise.resolve()
  let follower: Repeated | undefined
  /** Versions that this process has written: no older row that was read meanwhile may replace them. */
  const written = new Map<string, number>()
  let waiting: SealedCardRow[] = []

  /** Keys of a vault are replaced while the server runs: the thread is told before it meets the first row under a new one. */
  let knownKeks = ''
  function tellKeys(client: NameIndexClient) {
    const ids = kekIds(system.keys.keyring).join()
    if (ids !== knownKeks) void client.useMasterKeys(unsafeMasterKeysText(system.keys.keyring)).catch(() => undefined)
    knownKeks = ids
  }

  function flush() {
    const rows = waiting
    waiting = []
    if (rows.length > 0 && index) tellKeys(index)
    if (rows.length > 0) void index?.addSealed(rows).catch(() => undefined)
  }

  async function add(client: NameIndexClient, rows: readonly IndexableRow[]) {
    flush()
    tellKeys(client)
    const fresh = rows.filter(({ id, version }) => (written.get(id) ?? 0) <= version)
    const { unreadable } = await client.addSealed(fresh)
    if (unreadable.length > 0)
      log.error(
        { patient_ids: unreadable },
        'cards of patients did not pass their integrity check: they are not found by name',
      )
  }

  async function fill(client: NameIndexClient) {
    expected = (await database.once((tx) => tx.one(countIndexable()))).total
    for (let after: string | undefined; !isStopping;) {
      const from = after
      const rows = await database.once((tx) => tx.rows(listIndexable(from, batchRows)))
      await add(client, rows)
      after = rows.at(-1)?.id
      if (rows.length < batchRows) break
    }
    isComplete = !isStopping
  }

  async function run() {
    while (!isStopping) {
      const client = startNameIndex({ master_keys_text: unsafeMasterKeysText(system.keys.keyring) })
      knownKeks = kekIds(system.keys.keyring).join()
      index = client
      try {
        await fill(client)
        throw await client.stopped
      } catch (error) {
        if (!isStopping) log.error({ err: error }, 'the name index failed: it is filled again')
      }
      isComplete = false
      index = undefined
      await client.close()
      if (!isStopping) await new Promise((resolve) => setTimeout(resolve, restartMilliseconds).unref())
    }
  }

  async function onEvents(events: readonly FollowedEvent[]) {
    const client = index
    const ids = new Set(events.filter((event) => !isKnown(event)).flatMap(patientsOf))
    if (!client || ids.size === 0) return
    const rows = await database.once((tx) => tx.rows(findIndexable([...ids])))
    await add(client, rows)
    for (const { id } of rows) ids.delete(id)
    await client.remove([...ids])
  }

  function isKnown({ subject_id, payload }: FollowedEvent): boolean {
    const version = written.get(subject_id)
    if (version === undefined || typeof payload.version !== 'number' || payload.version > version) return false
    // A batch that is being read for the first filling may still be older.
    if (isComplete && payload.version === version) written.delete(subject_id)
    return true
  }

  return {
    async search(text, options) {
      flush()
      // Why it failed is told by `run`; the caller is told that not everybody was looked through.
      const ids = await index?.search(text, options).catch(() => undefined)
      return { ids: ids ?? [], is_complete: isComplete && ids !== undefined }
    },
    async bornOn({ first_name, last_name, date_of_birth }) {
      if (!index || first_name === null || last_name === null || date_of_birth === null) return []
      flush()
      const born = { limit: 10, date_of_birth, only_born: true }
      return index.search(`${first_name} ${last_name}`, born).catch(() => [])
    },
    changed({ version, ...row }) {
      if (!index) return
      written.set(row.id, version)
      // Those of one turn of the event loop travel together.
      if (waiting.push(row) === 1) setImmediate(flush)
    },
    async start() {
      follower = await followEvents({
        pool: system.pool,
        name: 'names of patients',
        types: followedTypes,
        onEvents,
        log,
      })
      running = run()
    },
    async stop() {
      isStopping = true
      await follower?.stop()
      await index?.close()
      await running
    },
    async check() {
      if (isComplete) return { status: 'ok' }
      return { status: 'degraded', detail: `Search by name knows ${index?.size() ?? 0} of ${expected} patients so far` }
    },
  }
}

/** The patients whom an event tells of; one that tells of many lists them in `patient_ids`. */
function patientsOf({ subject_id, patient_id, payload }: FollowedEvent): string[] {
  const many = Array.isArray(payload.patient_ids) ? payload.patient_ids.filter((id) => typeof id === 'string') : []
  return [subject_id, ...(patient_id ? [patient_id] : []), ...many]
}
