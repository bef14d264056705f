import { parseArgs } from 'node:util'
import { Problem } from '#platform/contract/problem.ts'
import { createUserAsOperator } from '#modules/identity'
import { type Command, CommandFailed, withSystem } from './command.ts'

const usage = `openward user create --email ADDRESS --role ROLE --first-name NAME --last-name NAME [--department ID]

Makes an account, and prints once the link by which its owner chooses a password; the link is mailed as well.
  --role        admin, doctor, nurse, staff, patient, auditor, or a role of this installation
Exit codes: 0 made, 1 refused, 2 wrong words.`

export const userCommand: Command = {
  summary: 'create: makes an account and invites its owner',
  usage,
  async run(words) {
    const { positionals, values } = readWords(words)
    if (positionals.join(' ') !== 'create') throw new CommandFailed(`say what to do with users\n\n${usage}`, 2)
    const missing = (['email', 'role', 'first-name', 'last-name'] as const).filter((name) => !values[name])
    if (missing.length > 0)
      throw new CommandFailed(`give ${missing.map((name) => `--${name}`).join(', ')}\n\n${usage}`, 2)
    const given = {
      email: values.email,
      role: values.role,
      first_name: values['first-name'],
      last_name: values['last-name'],
      ...(values.department ? { department_id: values.department } : {}),
    }
    const { id, invitation } = await withSystem((system) => createUserAsOperator(system, given)).catch(
      (error: unknown) => {
        throw error instanceof Problem ? new CommandFailed(sayWhy(error)) : error
      },
    )
    process.stdout.write(`The account ${id} is made.\n`)
    if (invitation)
      process.stdout.write(`Invitation, shown once, valid until ${invitation.expires_at}:\n  ${invitation.link}\n`)
    else process.stdout.write('Its owner signs in with the organisation: local passwords are off.\n')
  },
}

function readWords(words: string[]) {
  const text = { type: 'string' } as const
  try {
    return parseArgs({
      args: words,
      allowPositionals: true,
      options: { email: text, role: text, 'first-name': text, 'last-name': text, department: text },
    })
  } catch (error) {
    throw new CommandFailed(`${error instanceof Error ? error.message : 'the words are not understood'}\n\n${usage}`, 2)
  }
}

function sayWhy({ message, members }: Problem): string {
  return (members.errors ?? []).map((error) => `${error.path.slice(1)}: ${error.message}`).join('\n') || message
}
