// The lock file of PostgreSQL, which comes and goes while it is looked at.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Cluster } from './cluster.ts'
import { stopPostmaster } from './postmaster.ts'

const flicker = `
  const { writeFileSync, unlinkSync } = require('node:fs')
  process.stdout.write('begun')
  for (;;) { writeFileSync(process.argv[1], process.argv[2]); unlinkSync(process.argv[1]) }`

test('a lock file that is taken away in this very moment is one that is not there', async (t) => {
  const data_directory = mkdtempSync(join(tmpdir(), 'openward-lock-file-'))
  const gone = spawnSync(process.execPath, ['--version']).pid
  const other = spawn(process.execPath, ['-e', flicker, join(data_directory, 'postmaster.pid'), `${gone}\n`])
  const ended = once(other, 'exit')
  t.after(async () => {
    other.kill('SIGKILL')
    await ended
    rmSync(data_directory, { recursive: true })
  })
  await once(other.stdout, 'data')
  for (let look = 0; look < 20_000; look += 1) await stopPostmaster({ data_directory } as Cluster)
  assert.equal(other.exitCode, null, 'it went on all the while')
})
