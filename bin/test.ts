// `openward test [files]`: static checks, then every suite against one embedded PostgreSQL made for the run.
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { failedChecks } from './check.ts'
import { byArea, coverageTable, isEnough, missedPlaces, readCoverage } from './coverage.ts'
import { exitStatus, root } from './processes.ts'
import { batchesOf } from './test-batches.ts'
import { startTestCluster } from './test-cluster.ts'
import type { Counts as Reported } from './test-counts.ts'

const help = `openward test [files or patterns] [--no-checks] [--services] [--coverage] [--again] [--soak] [--concurrency 2]

Checks types, rules and format, then runs the given test files, or all of them but those of tests/services
and tests/browser. With TEST_DATABASE_URL set (see: openward test-database) it uses that PostgreSQL.
--services runs those of tests/services as well; what they need is installed and started by .ci/run.
--again runs each file in which a test failed a second time, with nothing beside it: what passes then depends on how busy the machine is,
is named at the end, and is no failure.
--soak runs ten minutes of random faults under load instead, and holds what the clients were told against the database.
--coverage shows what the tests have executed, by area, and writes each place that they did not reach to coverage/missed.txt;
a whole run fails where an area falls short.`

type Counts = Omit<Reported, 'failed_files'> & { failed_files: string[] }

/** All but what needs a service or a browser. */
const suites = ['{bin,server,console,bench}/**/*.test.ts', 'tests/!(services|browser)/**/*.test.ts']
const services = 'tests/services/**/*.test.ts'
const soak = 'tests/faults/*.soak.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: {
    checks: { type: 'boolean', default: true },
    services: { type: 'boolean', default: false },
    coverage: { type: 'boolean', default: false },
    again: { type: 'boolean', default: false },
    soak: { type: 'boolean', default: false },
    concurrency: { type: 'string', default: '2' },
    help: { type: 'boolean', default: false },
  },
})

/** The same when a file is run again: what fails by chance of its seed, fails then too. */
const seed = process.env['FUZZ_SEED'] ?? String(Date.now() % 2 ** 31)
/** A hanging file ends the run as a failure instead of never. */
const file_timeout_ms = values.soak ? 3_600_000 : 1_500_000

if (values.help) process.stdout.write(`${help}\n`)
else process.exitCode = await runTests()

async function runTests(): Promise<number> {
  const whole = values.services ? [...suites, services] : suites
  const patterns = positionals.length > 0 ? positionals : values.soak ? [soak] : whole
  const found = patterns.map((pattern) => globSync(pattern, { cwd: root, exclude: ['**/node_modules/**'] }))
  const unmatched = positionals.filter((_, index) => found[index]?.length === 0)
  if (unmatched.length > 0) {
    process.stderr.write(`No test file is named ${unmatched.join(' or ')}.\n`)
    return 1
  }
  const checked = values.checks ? failedChecks() : Promise.resolve([])
  const coverage = values.coverage ? mkdtempSync(join(tmpdir(), 'openward-coverage-')) : undefined
  const first = await runAll([...new Set(found.flat())].sort(), coverage, checked)
  const failed_checks = await checked
  const counts = values.again && first.failed_files.length > 0 ? await runAgain(first) : first
  for (const name of failed_checks) process.stdout.write(`The check of ${name} failed; its messages are at the top.\n`)
  const short = coverage === undefined ? [] : tellCoverage(coverage)
  // Some of the tests reach some of the code.
  const failed = counts.failed + failed_checks.length + (positionals.length > 0 ? 0 : short.length)
  if (Object.keys(counts.file_ms).length > 1) tellSlowest(counts.file_ms)
  for (const name of counts.skipped) process.stdout.write(`Skipped: ${name}\n`)
  process.stdout.write(`\n${counts.passed} passed, ${failed} failed\n`)
  return failed === 0 && counts.passed > 0 ? 0 : 1
}

function tellSlowest(file_ms: Counts['file_ms']): void {
  const slowest = Object.entries(file_ms).toSorted(([, left], [, right]) => right - left)
  const lines = slowest
    .slice(0, 15)
    .map(([file, ms]) => `  ${Math.round(ms / 1000)} s ${relative(root, resolve(root, file))}`)
  process.stdout.write(`\nThe slowest files:\n${lines.join('\n')}\n`)
}

/**
 * Faults are mostly waited for, so they have a lane of their own beside the checks and the files that keep the processors busy; it is
 * as long as the other.
 */
async function runAll(files: string[], coverage: string | undefined, checked: Promise<unknown>): Promise<Counts> {
  const { waiting = [], busy = [] } = Object.groupBy(files, (file) =>
    /^tests[/\\]faults[/\\]/.test(file) ? 'waiting' : 'busy',
  )
  if (waiting.length === 0 || busy.length === 0) {
    await checked
    return runFiles(files, coverage, values.concurrency)
  }
  const output = join(mkdtempSync(join(tmpdir(), 'openward-lane-')), 'faults.txt')
  const [one, other] = await Promise.all([
    checked.then(() => runFiles(busy, coverage, values.concurrency)),
    runFiles(waiting, coverage, '3', output),
  ])
  process.stdout.write(readFileSync(output))
  rmSync(dirname(output), { recursive: true })
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: [...one.skipped, ...other.skipped],
    failed_files: [...one.failed_files, ...other.failed_files],
    file_ms: { ...one.file_ms, ...other.file_ms },
  }
}

/** A test that fails because of what runs beside it passes alone. */
async function runAgain(first: Counts): Promise<Counts> {
  const again = await runFiles(first.failed_files, undefined, '1')
  const passed_then = first.failed_files.filter((file) => !again.failed_files.includes(file))
  for (const file of passed_then) process.stdout.write(`Failed at first and passed alone: ${relative(root, file)}\n`)
  return {
    ...again,
    passed: first.passed + first.failed - again.failed,
    skipped: first.skipped,
    file_ms: first.file_ms,
  }
}

/** Shows the table and returns the areas that fall short. */
function tellCoverage(folder: string): string[] {
  const files = readCoverage(folder)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(root, 'coverage'), { recursive: true })
  writeFileSync(join(root, 'coverage/missed.txt'), missedPlaces(files))
  const areas = byArea(files)
  process.stdout.write(`\n${coverageTable(areas)}\n\nWhat no test reached: coverage/missed.txt\n`)
  const short = areas.filter((area) => !isEnough(area)).map(({ area }) => area)
  if (short.length > 0) process.stdout.write(`Too little of: ${short.join(', ')}\n`)
  return short
}

async function runFiles(
  files: string[],
  coverage: string | undefined,
  concurrency: string,
  output = 'stdout',
): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), 'openward-test-'))
  const counts_path = join(folder, 'counts.json')
  const batches = batchesOf(files, folder)
  const given_url = process.env['TEST_DATABASE_URL']
  const cluster = given_url ? undefined : await startTestCluster({})
  try {
    const status = await exitStatus(
      process.execPath,
      [
        '--test',
        `--test-concurrency=${concurrency}`,
        `--test-timeout=${file_timeout_ms}`,
        '--test-reporter=spec',
        `--test-reporter-destination=${output}`,
        `--test-reporter=${new URL('test-counts.ts', import.meta.url).href}`,
        `--test-reporter-destination=${counts_path}`,
        ...batches.paths,
      ],
      {
        ...environmentForTests(),
        FUZZ_SEED: seed,
        TEST_DATABASE_URL: cluster?.url ?? given_url,
        // Node writes there what each process executed, and hands the variable on to every one that is started.
        // Without it, each process of each test file begins with what the one before has read and stripped of types.
        ...(coverage === undefined
          ? { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/openward') }
          : { NODE_V8_COVERAGE: coverage }),
      },
    )
    const reported = readCounts(counts_path)
    const failed_files = [...new Set(reported.failed_files.flatMap(({ file, name }) => batches.filesOf(file, name)))]
    const took = Object.entries(reported.file_ms).filter(([file]) => batches.filesOf(file, file).length === 1)
    const counts = { ...reported, failed_files, file_ms: Object.fromEntries(took) }
    // Whatever ended the run badly without a failed test is a failure all the same.
    return status !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts
  } finally {
    await cluster?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A developer's own OpenWard settings must not decide what a test finds. */
function environmentForTests(): NodeJS.ProcessEnv {
  const settings =
    /^(OPENWARD_|DATABASE_|REDIS_URL$|SMTP_URL$|CLAMD_URL$|STORAGE_URL$|WAREHOUSE_URL$|OIDC_|PORT$|HOST$|LOG_LEVEL$)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !settings.test(name)))
}

function readCounts(path: string): Reported {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Reported
  } catch {
    return { passed: 0, failed: 1, skipped: [], failed_files: [], file_ms: {} }
  }
}
