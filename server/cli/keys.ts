import { generateMasterKey } from '#platform/encryption/keyring.ts'
import { type Command, CommandFailed } from './command.ts'

const usage = `openward keys generate

  generate   prints a new master key for OPENWARD_MASTER_KEY; keep it apart from the backups`

export const keysCommand: Command = {
  summary: 'generate: makes a master key',
  usage,
  async run([word]) {
    if (word !== 'generate') throw new CommandFailed(`say what to do with the keys\n\n${usage}`, 2)
    process.stdout.write(`${generateMasterKey()}\n`)
  },
}
