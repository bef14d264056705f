#!/usr/bin/env node
// The command `openward`: installs what a fresh checkout lacks, then hands over to the Node of package.json.
// It must run on whatever Node is there (20 or later), so it is plain JavaScript and imports nothing that needs installing.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureConsole } from './console.mjs'
import { InstallationFailed, installDependencies, installRuntime } from './install.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [command = '--help', ...rest] = process.argv.slice(2)

/**
 * Requests leave nothing behind: a young generation of 3 x 8 MB takes a tenth off the searches a second, and 16 MB of memory, beside one
 * of 3 x 16. An old one that is swept each time it has grown by 20 % holds less than 100 MB under load, where the default lets it grow to 300.
 */
const memory_flags = ['--max-semi-space-size=8', '--heap-growing-percent=20']

const runtime_environment = {
  /** Sources without their types, as the last start made them; where the folder cannot be written, each start makes them anew. */
  NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/openward'),
  /** glibc keeps what was freed by thread: two such stores instead of eight for each processor hold 45 MB less under load. */
  MALLOC_ARENA_MAX: '2',
}

/** Commands about the project itself; every other word belongs to the product's command line. */
const project_commands = {
  // `--coverage` strips types as Node itself does, by a function that Node calls experimental.
  test: () => ['--disable-warning=ExperimentalWarning', join(root, 'bin/test.ts'), ...rest],
  check: () => [join(root, 'bin/check.ts'), ...rest],
  'test-database': () => [join(root, 'bin/test-database.ts'), ...rest],
  bench: () => [join(root, 'bench/main.ts'), ...rest],
  // `--watch` alone misses saves by rename, which is how many editors save.
  dev: () => [
    `--watch-path=${join(root, 'server')}`,
    '--watch-preserve-output',
    join(root, 'server/cli/main.ts'),
    'serve',
    ...rest,
  ],
}

if (Number(process.versions.node.split('.')[0]) < 20) {
  process.stderr.write(`OpenWard needs Node 20 or later to start; this is ${process.version}.\n`)
  process.exit(1)
}

try {
  const is_project_command = Object.hasOwn(project_commands, command)
  installDependencies(root, { with_development: is_project_command && command !== 'dev' })
  const runtime = installRuntime(root)
  if (['serve', 'services', 'dev'].includes(command) && !rest.includes('--help')) ensureConsole(root, runtime)
  if (is_project_command) run(runtime, project_commands[command](), {})
  else run(runtime, [...memory_flags, join(root, 'server/cli/main.ts'), ...process.argv.slice(2)], runtime_environment)
} catch (error) {
  if (!(error instanceof InstallationFailed)) throw error
  process.stderr.write(`\n${error.message}\n`)
  process.exit(1)
}

function run(runtime, args, environment) {
  const child = spawn(runtime, args, { stdio: 'inherit', env: { ...environment, ...process.env } })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) {
    if (process.platform === 'win32' && signal !== 'SIGINT') continue
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the whole group: passing it on would be a second Ctrl-C.
      const came_from_terminal = process.stdin.isTTY && (signal === 'SIGINT' || signal === 'SIGQUIT')
      if (!came_from_terminal) child.kill(signal)
    })
  }
  // A signal to npm ends the shell that npm put between: this process then has another parent and hears nothing else of it.
  const parent = process.ppid
  if (process.env.npm_lifecycle_event !== undefined) {
    const watch = setInterval(() => {
      if (process.ppid === parent) return
      clearInterval(watch)
      child.kill('SIGTERM')
    }, 250)
  }
  child.on('error', (error) => {
    process.stderr.write(`OpenWard could not start ${runtime}: ${error.message}\n`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}
