// `openward check`: types, rules and format; also the first part of `openward test`.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { exitStatus, packageCommand, root } from './processes.ts'

const folders = ['bin', 'server', 'tests', 'bench', 'console']

/** Runs the checks, messages to the terminal; returns the names of those that failed. */
export async function failedChecks(): Promise<string[]> {
  const present = folders.filter((folder) => existsSync(join(root, folder)))
  const checks = [
    { name: 'types', command: [packageCommand('typescript', 'tsc'), '-p', '.'] },
    { name: 'types of the console', command: [packageCommand('typescript', 'tsc'), '-p', 'console'] },
    { name: 'rules', command: [packageCommand('oxlint'), '--type-aware', ...present] },
    { name: 'format', command: [packageCommand('oxfmt'), '--check', ...present] },
  ]
  const failed = []
  for (const { name, command } of checks) {
    process.stdout.write(`Checking ${name}\n`)
    if ((await exitStatus(process.execPath, command)) !== 0) failed.push(name)
  }
  return failed
}

if (import.meta.main) {
  const failed = await failedChecks()
  if (failed.length > 0) process.stdout.write(`\nFailed: ${failed.join(', ')}\n`)
  process.exitCode = failed.length === 0 ? 0 : 1
}
