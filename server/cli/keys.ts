// `openward keys`: making master keys, looking at the stored ones, rotating them while servers run.
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ensureAppRole } from '#platform/database/migrate.ts'
import { openPool } from '#platform/database/connection.ts'
import { generateMasterKey } from '#platform/encryption/keyring.ts'
import { openKeys } from '#platform/encryption/keys.ts'
import { assertMasterKeyOpens } from '#platform/encryption/stored-keys.ts'
import { createLog } from '#platform/logging.ts'
import {
  describeKeys,
  type Outcome,
  rotateAuditKey,
  rotateIndexRoot,
  rotateMasterKey,
  rotatePatientKeys,
  rotateSystemKeys,
  type Rotation,
  rotationDatabase,
  RotationRunning,
} from '#modules/key-rotation'
import { rotateTokenKey } from '#modules/identity'
import { rotatePrescriptionKey } from '#modules/prescriptions'
import { openPlace } from '../place.ts'
import { databasePassword } from '../system.ts'
import { type Command, CommandFailed, configurationHere } from './command.ts'

const usage = `openward keys generate | status | rotate

  generate                  prints a new master key for OPENWARD_MASTER_KEY; keep it apart from the backups
  status                    tells under which master keys the stored keys lie, and how old they are
  rotate --kek              wraps every stored key anew under the newest master key; with a key vault under a new one that it makes
  rotate --patients [--older-than DAYS]
                            gives every patient a new key, and seals anew what is sealed for them
  rotate --system           makes new keys of the system, and seals users anew
  rotate --index            makes a new index root, and the search tokens anew
  rotate --tokens           makes a new key that signs access tokens
  rotate --audit            makes a new key that signs roots of the audit log
  rotate --prescriptions    makes a new key that signs prescriptions

Servers go on serving. A rotation that was interrupted, even by kill -9, goes on when it is run again.

To replace the master key: \`openward keys generate\`; give every server OPENWARD_MASTER_KEY=old,new and restart one after the
other; the same with new,old (with a single server begin here); \`openward keys rotate --kek\` with new,old; restart with new.
With OPENWARD_KMS_URL \`openward keys rotate --kek\` is all there is to do.
Exit codes: 0 done, 1 something was left behind, 2 wrong words, 75 another rotation is running.`

const rotations: Record<string, (rotation: Rotation, older_than_days: number) => Promise<Outcome>> = {
  kek: rotateMasterKey,
  patients: rotatePatientKeys,
  system: rotateSystemKeys,
  index: rotateIndexRoot,
  async tokens(rotation) {
    const kid = await rotateTokenKey(rotation)
    rotation.say(`The key ${kid} signs access tokens; servers notice within a minute.`)
    return { unfinished: [] }
  },
  audit: rotateAuditKey,
  async prescriptions(rotation) {
    const id = await rotatePrescriptionKey(rotation)
    rotation.say(`The key ${id} signs prescriptions from now on.`)
    return { unfinished: [] }
  },
}

export const keysCommand: Command = {
  summary: 'generate, status, rotate: the keys that seal the records',
  usage,
  async run(words) {
    const { positionals, values } = readWords(words)
    const [verb, ...rest] = positionals
    if (rest.length > 0) throw new CommandFailed(`${rest.join(' ')} is not understood\n\n${usage}`, 2)
    if (verb === 'generate') process.stdout.write(`${generateMasterKey()}\n`)
    else if (verb === 'status') await withRotation(async (rotation) => print(...(await describeKeys(rotation))))
    else if (verb === 'rotate') await rotate(values)
    else throw new CommandFailed(`say what to do with the keys\n\n${usage}`, 2)
  },
}

type Words = Partial<Record<string, string | boolean>>

async function rotate({ 'older-than': days = '0', ...kinds }: Words) {
  const asked = Object.keys(rotations).filter((kind) => kinds[kind] === true)
  const work = rotations[asked[0] ?? '']
  if (asked.length !== 1 || !work) throw new CommandFailed(`say one kind of key to rotate\n\n${usage}`, 2)
  if (typeof days !== 'string' || !/^\d{1,5}$/.test(days))
    throw new CommandFailed('--older-than takes a number of days', 2)
  if (days !== '0' && asked[0] !== 'patients') throw new CommandFailed('--older-than goes with --patients only', 2)
  const { unfinished } = await withRotation((rotation) => work(rotation, Number(days)))
  if (unfinished.length > 0)
    throw new CommandFailed(`the rotation is not complete:\n${unfinished.map((line) => `  - ${line}`).join('\n')}`)
}

function readWords(words: string[]) {
  try {
    const flags = Object.fromEntries(Object.keys(rotations).map((kind) => [kind, { type: 'boolean' as const }]))
    return parseArgs({ args: words, allowPositionals: true, options: { ...flags, 'older-than': { type: 'string' } } })
  } catch (error) {
    throw new CommandFailed(`${error instanceof Error ? error.message : 'the words are not understood'}\n\n${usage}`, 2)
  }
}

/** Opens the keys as the owner of the database, without migrating it: servers of another version may be running. */
async function withRotation<T>(work: (rotation: Rotation) => Promise<T>): Promise<T> {
  const configuration = configurationHere()
  const log = createLog('warn')
  const place = await openPlace(configuration, log)
  const pool = openPool({
    url: place.owner_url,
    size: 3,
    name: 'openward keys',
    on_error: (error) => log.warn({ err: error }, 'a database connection broke'),
  })
  try {
    const { rows } = await pool.query<{ is_there: boolean }>(
      `select to_regclass('public.key_rotations') is not null as is_there`,
    )
    if (!rows[0]?.is_there)
      throw new CommandFailed('the database is not of this version yet: run `openward migrate` first')
    await assertMasterKeyOpens(pool, place.keyring)
    const database = rotationDatabase(pool)
    const keys = await openKeys(place.keyring, (run) => database.transaction(run))
    return await work({
      pool,
      database,
      keys,
      say: (line) => print(line),
      wait: (seconds) => delay(seconds * 1000),
      async setAppPassword() {
        const owner = await pool.connect()
        try {
          await ensureAppRole(owner, databasePassword(place.keyring))
        } finally {
          owner.release()
        }
      },
    })
  } catch (error) {
    if (error instanceof RotationRunning) throw new CommandFailed(error.message, 75)
    throw error
  } finally {
    await pool.end()
    await place.close()
  }
}

function print(...lines: string[]) {
  process.stdout.write(`${lines.join('\n')}\n`)
}
