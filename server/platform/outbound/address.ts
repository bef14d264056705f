// Which addresses a server may be made to call by somebody who names them (SSRF): none of its own network, unless the operator
// has listed the host.
import { BlockList, isIP } from 'node:net'

export type OutboundRules = {
  /** Then only https. Else plain http is let through to this machine itself, for trying out. */
  production: boolean
  /** `host` or `host:port`: these may lie in the network of the hospital. */
  allowed_hosts: readonly string[]
}

/** `internal`: it may be, and as a rule is, a private address. */
export type Target = { url: URL; host: string; port: number; internal: boolean }

export type TargetFlaw = 'not_a_url' | 'not_https' | 'credentials' | 'port_not_allowed' | 'address_not_allowed'

const publicPorts = [443, 8443]
const longestUrl = 500

/**
 * Reads an address as it will be called: decimal, octal and hexadecimal forms of an IPv4 address become what they stand for. Says
 * what is wrong with it as far as that can be told without asking for the name.
 */
export function readTarget(text: string, { production, allowed_hosts }: OutboundRules): Target | TargetFlaw {
  if (text.length > longestUrl || !URL.canParse(text)) return 'not_a_url'
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'not_https'
  if (url.username !== '' || url.password !== '') return 'credentials'
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  const isHere = !production && (host === 'localhost' || host === '127.0.0.1' || host === '::1')
  if (url.protocol === 'http:' && !isHere) return 'not_https'
  const ports = isHere ? [port] : portsOf(host, allowed_hosts)
  if (!(ports ?? publicPorts).includes(port)) return 'port_not_allowed'
  const target = { url, host, port, internal: ports !== undefined }
  return isIP(host) !== 0 && !mayBeCalled(host, target) ? 'address_not_allowed' : target
}

/** The ports that are open at a listed host; undefined for one that is not listed. */
function portsOf(host: string, allowed_hosts: readonly string[]): number[] | undefined {
  const listed = allowed_hosts.flatMap((entry) => {
    const { hostname, port } = new URL(`https://${entry}`)
    if (hostname.replace(/^\[|\]$/g, '') !== host) return []
    return port === '' && !entry.endsWith(':443') ? publicPorts : [Number(port || 443)]
  })
  return listed.length > 0 ? listed : undefined
}

/** Whether an entry of the list can be understood. */
export function isHostEntry(entry: string): boolean {
  if (!/^[\w.:[\]-]+$/.test(entry) || !URL.canParse(`https://${entry}`)) return false
  const { pathname, hostname } = new URL(`https://${entry}`)
  return pathname === '/' && hostname !== ''
}

/** Whether a connection may go to this address, which the name of the target was found to have. */
export function mayBeCalled(address: string, { internal }: Pick<Target, 'internal'>): boolean {
  const embedded = embeddedIpv4(address)
  if (embedded !== undefined) return mayBeCalled(embedded, { internal })
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  if (isIP(address) === 0 || never.check(address, family)) return false
  if (privateNetworks.check(address, family)) return internal
  return family === 'ipv4'
    ? !special.check(address, family)
    : global.check(address, family) && !special.check(address, family)
}

/** IPv4 in IPv6: mapped (::ffff:0:0/96) and NAT64 (64:ff9b::/96, RFC 6052). */
function embeddedIpv4(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined
  const groups = groupsOf(address)
  const prefix = groups.slice(0, 6).join(':')
  if (prefix !== '0:0:0:0:0:ffff' && prefix !== '64:ff9b:0:0:0:0') return undefined
  const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16))
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** The eight groups of an IPv6 address, which the parser of URLs writes in its shortest form. */
function groupsOf(address: string): string[] {
  const { hostname } = new URL(`http://[${address.replace(/%.*/, '')}]`)
  const [head = '', tail] = hostname.slice(1, -1).split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  if (tail === undefined) return groups(head)
  const zeros = Array.from({ length: 8 - groups(head).length - groups(tail).length }, () => '0')
  return [...groups(head), ...zeros, ...groups(tail)]
}

function networks(...subnets: string[]): BlockList {
  const list = new BlockList()
  for (const subnet of subnets) {
    const [network = '', prefix] = subnet.split('/')
    list.addSubnet(network, Number(prefix), isIP(network) === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}

/** What a listed host may have. RFC 1918, 6598, 4193, and the machine itself. */
const privateNetworks = networks(
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '::1/128',
  'fc00::/7',
)
/** Whatever is listed: link-local, which is where clouds keep their credentials, their other such addresses, and no host at all. */
const never = networks(
  '0.0.0.0/8',
  '169.254.0.0/16',
  '168.63.129.16/32',
  '100.100.100.200/32',
  '224.0.0.0/4',
  '240.0.0.0/4',
  'fe80::/10',
  'fd00:ec2::/32',
  'fd20:ce::/32',
  'ff00::/8',
  '::/128',
)
/** The rest of the special-purpose registries of IANA (RFC 6890), and what tunnels IPv4. */
const special = networks(
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
)
/** Global unicast (RFC 4291). */
const global = networks('2000::/3')
