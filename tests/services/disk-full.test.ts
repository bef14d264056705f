// Row 27: the disk of PostgreSQL is full. Needs a disk of its own that is small: a tmpfs, which only root may mount.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { createRandom } from '../../server/demo/random.ts'
import { type Caller, signIn } from '../caller.ts'
import { openLedger } from '../faults/ledger.ts'
import { assertKept } from '../faults/ledger-check.ts'
import { startLoad } from '../faults/workload.ts'
import { createDoctor, freeStarts } from '../hospital.ts'
import {
  embeddedPostmaster,
  embeddedUrl,
  runOpenward,
  type ServerProcess,
  signalIfAlive,
  startServer,
  statusOf,
  stopServer,
  temporaryDirectory,
  until,
} from '../processes.ts'

const disk_megabytes = 400
const patience_ms = 120_000
const directory = temporaryDirectory()
const skip =
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${disk_megabytes}m`, 'openward-test', directory.path]).status === 0
    ? false
    : 'no disk can be mounted here'

let server: ServerProcess | undefined
let caller: Caller

before(async () => {
  if (skip) return
  server = await startServer({ data_directory: directory.path, environment: { LOG_LEVEL: 'warn' } })
  caller = await signIn(server.port)
})
after(async () => {
  // PostgreSQL needs room to end, too.
  rmSync(large, { force: true })
  await stopServer(server)
  if (!skip) {
    const postmaster = embeddedPostmaster(directory.path)
    if (postmaster !== undefined) signalIfAlive(postmaster, 'SIGQUIT')
    await until('the disk is let go of', () => spawnSync('umount', [directory.path]).status === 0)
  }
  await directory.remove()
})

const large = join(directory.path, 'something-large')
/** Writes a file until nothing more fits. */
function fillDisk(): void {
  const file = openSync(large, 'w')
  const block = Buffer.alloc(1 << 16)
  try {
    for (;;) writeSync(file, block)
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOSPC') throw error
  } finally {
    closeSync(file)
  }
}

/** Says whether there was room for the next file of the log of PostgreSQL. */
async function switchLog(): Promise<boolean> {
  const client = new pg.Client(embeddedUrl(directory.path))
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query(`select pg_logical_emit_message(true, 'test', 'something to log')`)
    await client.query('select pg_switch_wal()')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

test(
  'a full disk of PostgreSQL is told with 503, and nothing acknowledged is lost when there is room again',
  { skip },
  async (t) => {
    const { port = 0 } = server ?? {}
    const doctors = [await createDoctor(caller), await createDoctor(caller)]
    const calendars = await Promise.all(
      doctors.map(async ({ doctor_id }) => ({
        doctor_id,
        starts: (await freeStarts(caller, doctor_id)).slice(0, 200),
      })),
    )
    const ledger = openLedger()
    const load = startLoad({ ledger, caller, calendars, clients: 4, random: createRandom(27) })
    const refusals = () =>
      ledger.entries.flatMap(({ attempts }) => attempts).filter(({ answer }) => answer?.status === 503)
    const answered = async (more: number) => {
      const wanted = ledger.settled + more
      await until('the load is answered', () => ledger.settled >= wanted, patience_ms)
    }
    try {
      await answered(60)
      fillDisk()
      assert.equal(statfsSync(directory.path).bavail, 0)
      await until('writes are refused', () => refusals().length >= 20, patience_ms)
      await until('there is no room for its log either', async () => !(await switchLog()), patience_ms)
      assert.equal(await statusOf({ port }, '/health/live'), 200)
      rmSync(large)
      await answered(60)
      await until('it is ready', async () => (await statusOf({ port }, '/health/ready')) === 200, patience_ms)
    } finally {
      await load.stop()
    }
    const owner = new pg.Client(embeddedUrl(directory.path))
    await owner.connect()
    try {
      t.diagnostic(`${ledger.entries.length} requests, ${refusals().length} answers 503`)
      await assertKept(owner, ledger, caller, load.work)
    } finally {
      await owner.end()
    }
    const proof = await runOpenward({ data_directory: directory.path }, 'audit', 'verify')
    assert.equal(proof.code, 0, proof.output)
  },
)
