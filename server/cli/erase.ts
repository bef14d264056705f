import { parseArgs } from 'node:util'
import { Problem } from '#platform/contract/problem.ts'
import { erasePatient } from '#modules/patients'
import { type Command, CommandFailed, withSystem } from './command.ts'

const usage = `openward erase PATIENT-NUMBER --reason TEXT --yes

Erases a person for ever: destroys the keys of the record and of all that were merged into it, and everything by which the
person is found. The audit log stays whole. Refused before retention ends and under legal hold. Backups made before
still open the record until the master key of their time is destroyed.
  --reason TEXT  why; kept sealed in the audit log
  --yes          without it nothing is done
Exit codes: 0 erased, 1 refused, 2 wrong words.`

export const eraseCommand: Command = {
  summary: 'PATIENT-NUMBER: erases a person for ever',
  usage,
  async run(words) {
    const { positionals, values } = parseArgs({
      args: words,
      allowPositionals: true,
      options: { reason: { type: 'string' }, yes: { type: 'boolean' } },
    })
    const [number, ...more] = positionals
    const reason = values.reason?.trim() ?? ''
    if (number === undefined || more.length > 0)
      throw new CommandFailed(`name one patient by the number\n\n${usage}`, 2)
    if (reason === '') throw new CommandFailed(`say why with --reason\n\n${usage}`, 2)
    if (!values.yes) throw new CommandFailed('this cannot be undone: say --yes to do it', 2)
    const { records, keys_destroyed } = await withSystem((system) => erasePatient(system, number, reason)).catch(
      (error: unknown) => {
        if (!(error instanceof Problem)) throw error
        const { retention_ends_on } = error.members
        throw new CommandFailed(
          `${error.message}${typeof retention_ends_on === 'string' ? ` (${retention_ends_on})` : ''}`,
        )
      },
    )
    process.stdout.write(`${number} is erased: ${records.length} records, ${keys_destroyed} keys destroyed\n`)
  },
}
