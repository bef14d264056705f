// `openward <command>`: one file a command.
import { ConfigurationError } from '#platform/configuration.ts'
import { MigrationError } from '#platform/database/migrate.ts'
import { IntegrityError, KeyUnavailable } from '#platform/encryption/failures.ts'
import { VaultUnavailable } from '#platform/encryption/vault.ts'
import { EmbeddedDatabaseUnavailable } from '#platform/database/embedded/embedded.ts'
import { DatabaseUnavailable } from '#platform/database/reachable.ts'
import { AddressUnavailable } from '../listening.ts'
import { type Command, CommandFailed } from './command.ts'

/** Loaded when it is asked for: a command does not wait for what the others need. */
const commands: Record<string, () => Promise<Command>> = {
  serve: async () => (await import('./serve.ts')).serveCommand,
  services: async () => (await import('./services.ts')).servicesCommand,
  migrate: async () => (await import('./migrate.ts')).migrateCommand,
  audit: async () => (await import('./audit.ts')).auditCommand,
  backup: async () => (await import('./backup.ts')).backupCommand,
  restore: async () => (await import('./restore.ts')).restoreCommand,
  upgrade: async () => (await import('./upgrade.ts')).upgradeCommand,
  demo: async () => (await import('./demo.ts')).demoCommand,
  import: async () => (await import('./import.ts')).importCommand,
  documents: async () => (await import('./documents.ts')).documentsCommand,
  erase: async () => (await import('./erase.ts')).eraseCommand,
  emergency: async () => (await import('./emergency.ts')).emergencyCommand,
  keys: async () => (await import('./keys.ts')).keysCommand,
  user: async () => (await import('./user.ts')).userCommand,
  warehouse: async () => (await import('./warehouse.ts')).warehouseCommand,
  doctor: async () => (await import('./doctor.ts')).doctorCommand,
}

const [name = '--help', ...words] = process.argv.slice(2)
const command = await commands[name]?.()

if (!command) {
  const known = name === '--help' || name === '-h' || name === 'help'
  const list = await Promise.all(
    Object.entries(commands).map(async ([word, load]) => `  ${word.padEnd(11)}${(await load()).summary}`),
  )
  const text = `openward <command>\n\n${list.join('\n')}\n\nopenward <command> --help tells more. Configuration comes from the environment (docs/configuration.md).\n`
  if (known) process.stdout.write(text)
  else process.stderr.write(`openward: there is no command ${JSON.stringify(name)}\n\n${text}`)
  process.exitCode = known ? 0 : 2
} else if (words.includes('--help') || words.includes('-h')) {
  process.stdout.write(`${command.usage}\n`)
} else {
  try {
    await command.run(words)
  } catch (error) {
    if (error instanceof CommandFailed) {
      process.stderr.write(`openward ${name}: ${error.message}\n`)
      process.exitCode = error.exit_code
    } else if (error instanceof AddressUnavailable || error instanceof DatabaseUnavailable) {
      process.stderr.write(`openward ${name}: ${error.message}\n`)
      process.exitCode = error.may_pass ? 75 : 78
    } else if (
      error instanceof ConfigurationError ||
      error instanceof MigrationError ||
      error instanceof KeyUnavailable ||
      error instanceof IntegrityError ||
      error instanceof EmbeddedDatabaseUnavailable
    ) {
      process.stderr.write(`${error.message}\n`)
      process.exitCode = 78
    } else if (error instanceof VaultUnavailable) {
      process.stderr.write(`${error.message}\n`)
      process.exitCode = 75
    } else {
      throw error
    }
  }
}
