// `openward <command>`: one file a command.
import { ConfigurationError } from '#platform/configuration.ts'
import { MigrationError } from '#platform/database/migrate.ts'
import { IntegrityError, KeyUnavailable } from '#platform/encryption/failures.ts'
import { VaultUnavailable } from '#platform/encryption/vault.ts'
import { EmbeddedDatabaseUnavailable } from '#platform/database/embedded/embedded.ts'
import { type Command, CommandFailed } from './command.ts'
import { auditCommand } from './audit.ts'
import { backupCommand } from './backup.ts'
import { demoCommand } from './demo.ts'
import { doctorCommand } from './doctor.ts'
import { documentsCommand } from './documents.ts'
import { eraseCommand } from './erase.ts'
import { importCommand } from './import.ts'
import { keysCommand } from './keys.ts'
import { migrateCommand } from './migrate.ts'
import { restoreCommand } from './restore.ts'
import { serveCommand } from './serve.ts'
import { servicesCommand } from './services.ts'
import { userCommand } from './user.ts'

const commands: Record<string, Command> = {
  serve: serveCommand,
  services: servicesCommand,
  migrate: migrateCommand,
  audit: auditCommand,
  backup: backupCommand,
  restore: restoreCommand,
  demo: demoCommand,
  import: importCommand,
  documents: documentsCommand,
  erase: eraseCommand,
  keys: keysCommand,
  user: userCommand,
  doctor: doctorCommand,
}

const [name = '--help', ...words] = process.argv.slice(2)
const command = commands[name]

if (!command) {
  const known = name === '--help' || name === '-h' || name === 'help'
  const list = Object.entries(commands).map(([word, { summary }]) => `  ${word.padEnd(11)}${summary}`)
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
