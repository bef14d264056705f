import { serve } from '../main.ts'
import type { Command } from './command.ts'

export const serveCommand: Command = {
  summary: 'starts the server (and the embedded PostgreSQL where there is no DATABASE_URL)',
  usage: `openward serve

Migrates the database and serves on http://HOST:PORT (default http://127.0.0.1:8000), all of it or the OPENWARD_SERVICES named.
SIGTERM lets requests in flight finish. Exit codes: 0 stopped, 1 could not stop in time, 75 the port is in use, 78 configuration.`,
  run: () => serve(),
}
