// The tour of the README and the example for integrators, pasted as they stand into a shell beside a started server.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fencedBlocks, readDocument, root } from './blocks.ts'

const startLimitMilliseconds = 120_000
const blocks = fencedBlocks(readDocument('README.md'))
const start = blocks.find(({ words }) => words[0] === 'tour-start')
const tour = blocks.filter(({ words }) => words[0] === 'tour')
const example = fencedBlocks(readDocument('docs/integrating.md')).filter(({ words }) => words[0] === 'example')
/** Stands between the outputs of two blocks. */
const border = (name: string) => `==== ${name} ====`

/** A person takes a second between two pieces; a shell on a busy machine may be quicker than the index of names. */
const untilIndexed = `for i in $(seq 100); do
[ "$(post /patients/search '{"name":"agustin fonsca"}' | pick answer.items.length)" != 0 ] && break; sleep 0.3
done
`

describe(
  'the tour of the README',
  { skip: process.platform === 'win32' && 'the tour is written for a Unix shell' },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'openward-tour-'))
    const outputs = new Map<string, string>()
    let complaints: string | undefined
    let stopServer: (() => Promise<void>) | undefined

    before(async () => {
      // A folder of its own, so that `data` is a fresh one; PostgreSQL's account must be able to pass through.
      chmodSync(folder, 0o755)
      for (const name of ['package.json', 'package-lock.json', 'bin', 'server', 'docs', 'node_modules'])
        symlinkSync(join(root, name), join(folder, name))
      const environment = { ...process.env, PORT: String(await freePort()), npm_config_update_notifier: 'false' }
      assert.ok(start, 'the README says how to start')
      stopServer = await startServer(start.text, folder, environment)
      const script = [...tour, ...example]
        .map(({ words, text }) => `${words[1] === 'find' ? untilIndexed : ''}echo '${border(words[1] ?? '')}'\n${text}`)
        .join('\n')
      const { output, errors } = await run(script, folder, environment)
      for (const [, name = '', text = ''] of output.matchAll(/^==== (\S+) ====\n([\s\S]*?)(?=^==== |$(?![\s\S]))/gm))
        outputs.set(name, text.trim())
      complaints = errors
    })
    after(async () => {
      await stopServer?.()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    })

    const printed = (name: string) => {
      const text = outputs.get(name)
      assert.ok(text !== undefined, `the block ${name} was not reached`)
      return text
    }

    it('runs without a complaint', () => assert.equal(complaints, ''))

    it('makes a nurse, a receptionist and a doctor', () => {
      assert.deepEqual(printed('people').split('\n'), ['nurse nora', 'staff rita', 'Cardiology, 09:00 to 17:00'])
    })

    it('imports the example after a dry run, and names the row that is wrong', () => {
      const wrong = 'line 22, date_of_birth: A birth date is not in the future.'
      assert.deepEqual(printed('import').split('\n'), [
        wrong,
        '21 rows: 20 fit to be registered, 0 known, 1 refused',
        wrong,
        '21 rows: 20 registered, 0 known, 1 refused',
      ])
    })

    it('finds Agustín Fonseca by a misspelt name, by phone and by number', () => {
      const [byName = '', ...rest] = printed('find').split(/\n(?=\[)|\n(?=PT-)/)
      assert.match(byName, /^\[\s*'Agustín Fonseca, PT-\d{8}-0001'/)
      assert.equal(rest[0], "[ 'Agustín Fonseca' ]")
      assert.match(rest[1] ?? '', /^PT-\d{8}-0001 is patient [0-9a-f-]{36}$/)
    })

    it('books him once, and offers other slots to who comes second', () => {
      const [booked = '', refused = ''] = printed('book').split('\n')
      assert.match(booked, /^APT-\d{8}-0001 booked \d{4}-\d\d-\d\dT\d\d:\d\d:00Z$/)
      assert.match(refused, /^slot_taken, free: \d{4}-/)
    })

    it('shows the booking to the doctor, the record to the nurse, and who saw it to the administrator', () => {
      const text = printed('see')
      assert.match(text, /^\[ 'APT-\d{8}-0001 booked' \]\nAgustín Fonseca, \+14135550101\n/)
      assert.match(text, /^patient\.read by nurse$/m)
      assert.match(text, /^appointment\.book by staff$/m)
    })

    it('proves the audit log whole', () => {
      assert.match(printed('verify'), /^[1-9]\d* entries whole/)
    })

    it('names the entry that the superuser altered', () => {
      const [altered = '', verdict = ''] = printed('cheat').split('\n')
      const id = /^altered ([0-9a-f-]{36})$/.exec(altered)?.[1]
      assert.ok(id)
      assert.ok(verdict.startsWith('THE AUDIT LOG IS NOT WHOLE.') && verdict.includes(`(${id}): altered`), verdict)
    })

    it('signs the integrator in, and refreshes', () => assert.equal(printed('sign-in'), 'rita is staff'))

    it('registers once with one key', () => assert.equal(printed('register'), 'registered once'))

    it('changes what was read, and refuses what is stale', () => {
      assert.deepEqual(printed('change').split('\n'), ['Baker, version 2', '412 stale_version'])
    })

    it('reads a list to its end by cursor', () => {
      assert.deepEqual(printed('list').split('\n'), ['8 patients', '8 patients', '5 patients'])
    })

    it('names each wrong member of a refused request', () => {
      assert.deepEqual(printed('refused').split('\n'), ['/body/shoe_size: unrecognized_key'])
    })
  },
)

/** Runs the command until it says that it serves; returns the way to end it and everything that it started. */
async function startServer(command: string, cwd: string, env: NodeJS.ProcessEnv) {
  const child = spawn('bash', ['-c', command], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const ended = once(child, 'close')
  const serves = new Promise<void>((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error(`the server did not start in time:\n${output}`)),
      startLimitMilliseconds,
    )
    const hear = (chunk: Buffer) => {
      output += chunk.toString()
      if (!output.includes('OpenWard serves on')) return
      clearTimeout(late)
      resolve()
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    void ended.then(() => {
      clearTimeout(late)
      reject(new Error(`the server ended:\n${output}`))
    })
  })
  const stop = async () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM')
    await ended
  }
  await serves.catch(async (error: unknown) => {
    await stop()
    throw error
  })
  return stop
}

/** What a terminal would show of a pasted script, but for what npm says of itself. */
async function run(script: string, cwd: string, env: NodeJS.ProcessEnv) {
  const child = spawn('bash', ['-c', script], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => void (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => void (errors += chunk.toString()))
  await once(child, 'close')
  return { output, errors: errors.replaceAll(/^npm (warn|notice).*\n?/gm, '').trim() }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  assert.ok(address !== null && typeof address !== 'string')
  return address.port
}
