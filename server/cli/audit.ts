// `openward audit verify`: needs the database and the public keys, no key of a patient and no running server.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { parseRoots } from '#platform/audit/root.ts'
import { describeVerdict } from '#platform/audit/verdict.ts'
import { openAuditSealing } from '#modules/audit-trail'
import { type Command, CommandFailed, withSystem } from './command.ts'

const usage = `openward audit verify [--from FILE] [--to FILE] [--outside FILE]

Proves that the audit log is whole, or names the first entry that was altered, removed, swapped, added or back-dated.
  --from FILE     a signed root kept from before: the log must continue it
  --to FILE       a signed root at which to end
  --outside FILE  roots kept elsewhere (a copy of audit/roots.txt): they betray a cut tail or a rewritten log
Exit codes: 0 whole, 1 not whole, 2 wrong words.`

export const auditCommand: Command = {
  summary: 'verify: proves that the audit log is whole',
  usage,
  async run(words) {
    const { positionals, values } = parseArgs({
      args: words,
      allowPositionals: true,
      options: { from: { type: 'string' }, to: { type: 'string' }, outside: { type: 'string' } },
    })
    if (positionals[0] !== 'verify') throw new CommandFailed(`say what to do with the audit log\n\n${usage}`, 2)
    const [from] = rootsOf(values.from)
    const [to] = rootsOf(values.to)
    await withSystem(async (system) => {
      const sealing = await openAuditSealing(system)
      const verdict = await sealing.verify({
        ...(from ? { from } : {}),
        ...(to ? { to } : {}),
        roots: rootsOf(values.outside),
      })
      process.stdout.write(`${describeVerdict(verdict).join('\n')}\n`)
      if (!verdict.is_whole) process.exitCode = 1
    })
  },
}

function rootsOf(path: string | undefined) {
  if (path === undefined) return []
  try {
    const roots = parseRoots(readFileSync(path, 'utf8'))
    if (roots.length > 0) return roots
  } catch {
    throw new CommandFailed(`${path} cannot be read`, 2)
  }
  throw new CommandFailed(`${path} holds no signed root`, 2)
}
