// The address of a PostgreSQL of one's own: one host, and a line that is either encrypted to whom it is meant for, or openly not.
import { accessSync, constants } from 'node:fs'
import { z } from 'zod'

/** What libpq and the driver understand differently; the driver takes these for `verify-full` today, and will not always. */
const takenAsVerified = ['prefer', 'require', 'verify-ca']
const files = ['sslrootcert', 'sslcert', 'sslkey']

export const DatabaseAddress = z
  .string()
  .trim()
  .regex(/^postgres(ql)?:\/\//, 'must begin with postgres://')
  .refine(
    (url) => URL.canParse(url) && !new URL(url).host.includes(','),
    'must name one host, postgres://user:password@host:5432/database: for a standby give a name that follows the primary',
  )
  .superRefine((url, issues) => {
    if (!URL.canParse(url)) return
    const { searchParams } = new URL(url)
    const mode = searchParams.get('sslmode')
    const isKnown = mode === null || ['disable', 'verify-full', ...takenAsVerified].includes(mode)
    if (!isKnown || searchParams.has('ssl') || searchParams.has('uselibpqcompat'))
      issues.addIssue(
        'must say sslmode=verify-full, with sslrootcert=FILE where your authority is not a public one, or sslmode=disable: nothing between is secure',
      )
    for (const name of files) {
      const file = searchParams.get(name)
      if (file !== null && !isReadable(file)) issues.addIssue(`must name a file in ${name} that this user can read`)
    }
  })
  .transform((url) => {
    const address = new URL(url)
    const mode = address.searchParams.get('sslmode') ?? ''
    if (!takenAsVerified.includes(mode)) return url
    address.searchParams.set('sslmode', 'verify-full')
    return address.toString()
  })

/** Whether anybody between here and there could read along. Of `sslmode=disable` somebody has decided that nobody is. */
export function isOpenLine(url: string): boolean {
  const { searchParams } = new URL(url)
  const host = hostOf(url)
  const isHere = ['', 'localhost', '127.0.0.1', '[::1]'].includes(host) || host.startsWith('/')
  return !isHere && !searchParams.has('sslmode') && !searchParams.has('sslrootcert')
}

/** As the driver reads it: a parameter, which may be the folder of a socket, comes before the host of the address. */
export function hostOf(url: string): string {
  const { hostname, searchParams } = new URL(url)
  return searchParams.get('host') ?? hostname
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK)
    return true
  } catch {
    return false
  }
}
