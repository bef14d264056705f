// Who is believed and let in over the network: proxies, and origins of other pages. Read by configuration.ts alone.
import { isIPv4, isIPv6 } from 'node:net'
import { z } from 'zod'

const listed = z
  .string()
  .trim()
  .transform((text) => text.split(',').map((item) => item.trim()))

export const networkVariables = {
  OPENWARD_CORS_ORIGINS: listed.default([]),
  OPENWARD_TRUSTED_PROXIES: listed.default([]),
}

export type NetworkSettings = Readonly<{ cors_origins: readonly string[]; trusted_proxies: readonly string[] }>

type Read = z.output<z.ZodObject<typeof networkVariables>>

export function networkSettings(read: Read): NetworkSettings {
  return { cors_origins: read.OPENWARD_CORS_ORIGINS, trusted_proxies: read.OPENWARD_TRUSTED_PROXIES }
}

/** What cannot work, in words for whoever runs it. */
export function networkFaults(read: Read & { OPENWARD_ENV: string }): string[] {
  const { OPENWARD_CORS_ORIGINS: origins, OPENWARD_TRUSTED_PROXIES: proxies } = read
  const faults: string[] = []
  if (origins.includes('null'))
    faults.push('OPENWARD_CORS_ORIGINS must not list null: every sandboxed page and local file has that origin')
  if (!origins.every((origin) => origin === 'null' || isOrigin(origin)))
    faults.push(
      'OPENWARD_CORS_ORIGINS must list origins as browsers name them, such as https://portal.hospital.example or https://10.1.2.3:8443, comma-separated: scheme and host in small letters, a port that is not the usual one, nothing behind it, no *',
    )
  if (!proxies.every(isProxy))
    faults.push(
      'OPENWARD_TRUSTED_PROXIES must list addresses or networks such as 127.0.0.1 or 10.0.0.0/8, comma-separated: no names of hosts',
    )
  if (read.OPENWARD_ENV === 'production' && proxies.length === 0)
    faults.push(
      'OPENWARD_TRUSTED_PROXIES must name the addresses of the proxy that ends TLS, in production (for example 127.0.0.1)',
    )
  return faults
}

/** Written as a browser does: any other never equals what one says. An app that shows pages of its own has a scheme of its own. */
function isOrigin(text: string): boolean {
  return /^https?:/.test(text) ? URL.parse(text)?.origin === text : /^[a-z][a-z\d+.-]*:\/\/[a-z\d.-]+$/.test(text)
}

/** Words that stand for networks, as @fastify/proxy-addr knows them. */
const namedNetworks = ['loopback', 'linklocal', 'uniquelocal']

function isProxy(text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/')
  if (namedNetworks.includes(text)) return true
  if (more.length > 0 || (!isIPv4(address) && !isIPv6(address))) return false
  if (prefix === undefined) return true
  if (isIPv4(address) && isIPv4(prefix)) return isMask(prefix)
  // The whole internet is no network of proxies.
  return /^\d{1,3}$/.test(prefix) && Number(prefix) >= 1 && Number(prefix) <= (isIPv4(address) ? 32 : 128)
}

/** Such as 255.255.0.0: ones, then zeros. */
function isMask(text: string): boolean {
  const bits = text.split('.').map((part) => Number(part).toString(2).padStart(8, '0'))
  return /^1+0*$/.test(bits.join(''))
}
