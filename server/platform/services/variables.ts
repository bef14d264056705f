// Which services a process is, and where the others answer. Read by configuration.ts alone.
import { z } from 'zod'

/** `records` is all that no other service has. */
export const serviceNames = ['auth', 'appointments', 'prescriptions', 'records'] as const
export type ServiceName = (typeof serviceNames)[number]

const listed = z
  .string()
  .trim()
  .transform((text) => text.split(',').map((item) => item.trim()))
const isName = (name: string | undefined): name is ServiceName => serviceNames.some((known) => known === name)
const namesAre = `all, or some of ${serviceNames.join(', ')}, comma-separated`

export const serviceVariables = {
  OPENWARD_SERVICES: listed
    .transform((names) => (names.length === 1 && names[0] === 'all' ? [...serviceNames] : names))
    .refine((names) => names.every(isName) && new Set(names).size === names.length, `must be ${namesAre}`)
    .transform((names) => names.filter(isName))
    .default([...serviceNames]),
  /** `name=address,name=address`. */
  OPENWARD_SERVICE_URLS: listed
    .transform((pairs) => pairs.map(readPair))
    .refine(
      (pairs) => pairs.every((pair) => pair !== undefined),
      'must read auth=https://host:8001,appointments=https://host:8002 and so on, with addresses that end at the port',
    )
    .transform((pairs) => pairs.filter((pair) => pair !== undefined))
    .default([]),
}

export type ServiceSettings = Readonly<{
  /** What this process is. */
  services: readonly ServiceName[]
  /** Where services that this process is not answer. */
  service_urls: ReadonlyMap<ServiceName, string>
}>

type Read = z.output<z.ZodObject<typeof serviceVariables>>

export function serviceSettings({ OPENWARD_SERVICES: services, OPENWARD_SERVICE_URLS: pairs }: Read): ServiceSettings {
  return { services, service_urls: new Map(pairs.filter(([name]) => !services.includes(name))) }
}

/** What cannot work, in words for whoever runs it. */
export function serviceFaults(read: Read & { OPENWARD_ENV: string }): string[] {
  const { services, service_urls } = serviceSettings(read)
  const faults: string[] = []
  if (!services.includes('auth') && !service_urls.has('auth')) {
    faults.push(
      'OPENWARD_SERVICE_URLS must name auth=… where OPENWARD_SERVICES leaves auth out: the keys that tokens are verified with are asked for there',
    )
  }
  if (read.OPENWARD_ENV === 'production' && [...service_urls.values()].some((url) => !isSafe(new URL(url)))) {
    faults.push(
      'OPENWARD_SERVICE_URLS must be https:// addresses in production, unless they are of this machine: whoever sits between could hand out keys of their own',
    )
  }
  return faults
}

function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}

function readPair(pair: string): [ServiceName, string] | undefined {
  const at = pair.indexOf('=')
  const [name, address] = [pair.slice(0, at), pair.slice(at + 1)]
  if (!isName(name) || !URL.canParse(address)) return undefined
  const { protocol, pathname, search, hash, username, password, origin } = new URL(address)
  const isOrigin = pathname === '/' && search + hash + username + password === ''
  return isOrigin && /^https?:$/.test(protocol) ? [name, origin] : undefined
}
