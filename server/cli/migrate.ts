import { type Command, withSystem } from './command.ts'

export const migrateCommand: Command = {
  summary: 'brings the database to this version',
  usage: `openward migrate

Applies the migrations that are missing. Safe while servers run and to run again; the server does it itself at start.`,
  run: () => withSystem(async () => void process.stdout.write('The database is up to date.\n')),
}
