// Whether PostgreSQL lets us in, asked before anything else is begun: what stands in the way is told in one sentence.
import pg from 'pg'
import { hostOf } from './address.ts'

/** The message says what to do, and repeats nothing of the address but its host. */
export class DatabaseUnavailable extends Error {
  /** Whoever starts it again later may find it there. */
  readonly may_pass: boolean
  constructor(message: string, may_pass: boolean, cause: unknown) {
    super(message, { cause })
    this.may_pass = may_pass
  }
}

const limitMilliseconds = 5000
/** Starting, ending, or as many connections as it takes. */
const soon = ['57P01', '57P02', '57P03', '53300']
const remedies: Readonly<Record<string, string>> = {
  '28P01': 'it refuses the user or the password: mend them',
  '28000':
    'it lets this user in from nowhere, or not so: mend the user or its pg_hba.conf, or ask for TLS with sslmode=verify-full',
  '3D000': 'it has no such database: create it, with this user as its owner',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is of another host: name the host as the certificate does',
  CERT_HAS_EXPIRED: 'its certificate has expired: renew it',
}

/** `variable`: what names the address. @throws DatabaseUnavailable */
export async function assertReachable(variable: string, url: string): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: limitMilliseconds,
    application_name: 'openward start',
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (error) {
    throw describe(variable, hostOf(url), error)
  }
  await client.end()
}

function describe(variable: string, host: string, error: unknown): DatabaseUnavailable {
  const { code, message } = error as Error & { code?: string }
  const told = (what: string, may_pass: boolean) =>
    new DatabaseUnavailable(
      `${variable}: the PostgreSQL at ${host}: ${what}${code ? ` (${code})` : ''}`,
      may_pass,
      error,
    )
  if (code !== undefined && soon.includes(code)) return told('it takes nobody at the moment: try again', true)
  // A name comes and goes with its machine.
  if (code === 'ENOTFOUND') return told('there is no such host: start it, or mend the address', true)
  const remedy = code && remedies[code]
  if (remedy) return told(remedy, false)
  if (/does not support SSL/.test(message))
    return told('it offers no TLS: switch it on there, or say sslmode=disable if nobody can read along', false)
  if (/CERT|SIGNATURE|ISSUER/.test(code ?? ''))
    return told('its certificate is not trusted: name that of its authority in sslrootcert', false)
  return told('it does not answer: start it, or mend the address', true)
}
