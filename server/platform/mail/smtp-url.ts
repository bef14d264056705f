// Reads SMTP_URL: smtps://user:password@host:465, smtp://host:587, smtp://localhost:1025, smtp://mailpit:1025?ignoreTLS=true
export type SmtpServer = {
  host: string
  port: number
  secure: boolean
  requireTLS: boolean
  ignoreTLS: boolean
  auth?: { user: string; pass: string }
  tls: { minVersion: 'TLSv1.2' }
}

const localHosts = new Set(['localhost', '127.0.0.1', '::1'])

/**
 * TLS is required, by `smtps:` from the start and by `smtp:` through STARTTLS, except to this machine itself or where
 * `ignoreTLS=true` says that the network is trusted. `requireTLS=true` asks for it on this machine too.
 * @throws TypeError that names what is wrong but never repeats the URL, which may hold a password
 */
export function readSmtpUrl(smtpUrl: string): SmtpServer {
  const url = URL.parse(smtpUrl)
  if (!url || (url.protocol !== 'smtp:' && url.protocol !== 'smtps:') || url.hostname === '') {
    throw new TypeError('SMTP_URL must read smtp://host:port or smtps://host:port')
  }
  if ((url.pathname !== '' && url.pathname !== '/') || url.hash !== '')
    throw new TypeError('SMTP_URL must end at the port or at ?ignoreTLS=true: it has a path')
  const options = new Map(url.searchParams)
  const requires = readFlag(options, 'requireTLS')
  const ignores = readFlag(options, 'ignoreTLS')
  const [unknown] = options.keys()
  if (unknown !== undefined)
    throw new TypeError('SMTP_URL knows the options ignoreTLS and requireTLS only: remove any other')
  const secure = url.protocol === 'smtps:'
  if (ignores && (secure || requires)) throw new TypeError('SMTP_URL asks for TLS and for none: leave one of them out')

  const host = decoded(url.hostname).replace(/^\[(.*)\]$/, '$1')
  const requireTLS = !secure && !ignores && (requires || !localHosts.has(host))
  const user = decoded(url.username)
  return {
    host,
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTLS,
    ignoreTLS: !secure && !requireTLS,
    ...(user !== '' && { auth: { user, pass: decoded(url.password) } }),
    tls: { minVersion: 'TLSv1.2' },
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new TypeError('SMTP_URL must write a % in the user or the password as %25')
  }
}

function readFlag(options: Map<string, string>, name: string): boolean {
  const value = options.get(name)
  options.delete(name)
  if (value !== undefined && value !== 'true' && value !== 'false')
    throw new TypeError(`SMTP_URL must say ${name}=true or ${name}=false`)
  return value === 'true'
}
