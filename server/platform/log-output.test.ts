import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { createLog } from './logging.ts'
import { logOutput } from './log-output.ts'

type Line = { level: string; n?: number; lost?: number; lines?: number }

describe('the log', { skip: process.platform === 'win32' }, () => {
  let directory: string
  before(() => void (directory = mkdtempSync(join(tmpdir(), 'openward-log-'))))
  after(() => rmSync(directory, { recursive: true }))

  /** A pipe that nobody reads yet. */
  function openPipe() {
    const path = join(directory, `${Math.random()}`)
    execFileSync('mkfifo', [path])
    return { path, fd: openSync(path, constants.O_RDWR) }
  }

  /** Reads all that comes out, until the last line that is expected. */
  async function readUntil({ path, fd }: { path: string; fd: number }, isLast: (line: Line) => boolean) {
    const copy = `${path}.copy`
    const reader = spawn('sh', ['-c', 'cat < "$0" > "$1"', path, copy])
    const lines = () =>
      readFileSync(copy, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((text) => JSON.parse(text) as Line)
    while (!existsSync(copy) || !lines().some(isLast)) await wait(20)
    closeSync(fd)
    await once(reader, 'close')
    return lines()
  }

  it('tells when all lines are out, and not before', async () => {
    const pipe = openPipe()
    const log = createLog(
      'info',
      logOutput(pipe.fd, () => 'lost'),
    )
    // More than a pipe holds.
    for (let n = 0; n < 200; n += 1) log.info({ n }, 'x'.repeat(1000))
    let isOut = false
    const out = new Promise<void>((tell) => {
      log.flush(() => {
        isOut = true
        tell()
      })
    })
    await wait(100)
    assert.equal(isOut, false)
    const read = await readUntil(pipe, ({ n }) => n === 199)
    await out
    assert.equal(read.length, 200)
  })

  it('waits for whoever reads slowly, and then says how many lines were lost, of little weight first', async () => {
    const pipe = openPipe()
    const log = createLog(
      'info',
      logOutput(pipe.fd, (lost) => `${JSON.stringify({ level: 'warn', lost })}\n`),
    )
    const line = 'x'.repeat(1000)
    for (let n = 0; n < 900; n += 1) log.info({ n }, line)
    for (let n = 900; n < 1000; n += 1) log.error({ n }, line)
    const read = await readUntil(pipe, ({ n }) => n === 999)
    const lost = read.find((one) => one.lost !== undefined)?.lost ?? 0
    assert.ok(lost > 100, `${lost} were lost`)
    const numbers = read.flatMap(({ n }) => (n === undefined ? [] : [n]))
    assert.equal(numbers.length + lost, 1000)
    assert.deepEqual(
      numbers.filter((n) => n >= 900),
      Array.from({ length: 100 }, (_, at) => 900 + at),
    )
  })

  const writing = (lines: number) => `
    import { createLog } from './server/platform/logging.ts'
    const log = createLog('info')
    for (let n = 0; n < ${lines}; n += 1) log.info({ n }, 'x'.repeat(1000))`
  const run = (script: string) =>
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', maxBuffer: 10_000_000 })
  const hasTerminal = process.platform === 'linux' && existsSync('/usr/bin/script')

  it('of a process says on its own output how many lines it has lost', async () => {
    const script = `${writing(3000)}\nprocess.stderr.write('written')\nprocess.stdin.resume()`
    const writer = spawn(process.execPath, ['--input-type=module', '-e', script])
    // Nobody reads before all is written.
    await once(writer.stderr, 'data')
    let [kept, lost_lines, rest] = [0, 0, '']
    for await (const chunk of writer.stdout) {
      const lines = `${rest}${chunk}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const { level, time, lines: lost, msg } = JSON.parse(line) as Line & Record<'time' | 'msg', string>
        if (lost === undefined) kept += 1
        else {
          assert.ok(level === 'warn' && /were lost/.test(msg) && Date.parse(time) > 0, line)
          lost_lines += lost
        }
      }
      if (kept + lost_lines >= 3000) writer.stdin.end()
    }
    assert.ok(lost_lines > 1000, `${lost_lines} were lost`)
    assert.equal(kept + lost_lines, 3000)
  })

  it('is for people to read on a terminal, and for programs anywhere else', { skip: !hasTerminal }, () => {
    assert.equal((JSON.parse(run(writing(1))) as Line).n, 0)
    // A terminal of its own for the command.
    const command = '"$NODE" --input-type=module -e "$SCRIPT"'
    const env = { ...process.env, NODE: process.execPath, SCRIPT: writing(1), TERM: 'dumb' }
    const told = execFileSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8', env })
    assert.throws(() => JSON.parse(told) as unknown)
    assert.match(told, /INFO.*: x{1000}[^]*n: 0/)
  })

  it('that cannot be written throws at nobody', { skip: process.platform !== 'linux' }, () => {
    const fd = openSync('/dev/full', 'w')
    const log = createLog(
      'info',
      logOutput(fd, () => ''),
    )
    for (let n = 0; n < 3000; n += 1) log.error({ n }, 'x'.repeat(1000))
  })
})
