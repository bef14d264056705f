// What a command of the command line is, and how it gets at the installation.
import { type Configuration, readConfiguration, readEnvironment } from '#platform/configuration.ts'
import { createLog } from '#platform/logging.ts'
import { openPlace, type Place } from '../place.ts'
import { openSystem, type OpenSystem } from '../system.ts'

export type Command = { summary: string; usage: string; run(words: string[]): Promise<void> }

/** A failure that the operator can mend. Exit codes: 1 the check found something, 2 wrong words, 75 try again later. */
export class CommandFailed extends Error {
  readonly exit_code: number
  constructor(message: string, exitCode = 1) {
    super(message)
    this.exit_code = exitCode
  }
}

/** The configuration of this process. @throws ConfigurationError */
export function configurationHere(): Configuration {
  return readConfiguration(readEnvironment())
}

/**
 * What a command needs that opens no key: it asks for none, and holds to none of the rules for a server in production.
 * @throws ConfigurationError
 */
export function configurationWithoutKeys(): Configuration {
  const { OPENWARD_MASTER_KEY: _key, OPENWARD_MASTER_KEY_FILE: _file, ...environment } = readEnvironment()
  return readConfiguration({ ...environment, OPENWARD_ENV: 'development' })
}

/** Opens the installation for the time of one command; a server may run on it at the same time. */
export async function withSystem<T>(
  work: (system: OpenSystem, place: Place, configuration: Configuration) => Promise<T>,
): Promise<T> {
  const configuration = configurationHere()
  const log = createLog('warn')
  const place = await openPlace(configuration, log)
  try {
    const system = await openSystem({ ...place, configuration, log, pool_size: 4 })
    try {
      return await work(system, place, configuration)
    } finally {
      await system.close()
    }
  } finally {
    await place.close()
  }
}
