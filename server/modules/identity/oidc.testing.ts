// For tests: an organisation with an OpenID provider of its own, and the browser of somebody who works there.
import { once } from 'node:events'
import Provider, { type Configuration as ProviderConfiguration } from 'oidc-provider'
import type { TestApi } from '../../testing.ts'
import type { OidcSettings } from './oidc-client.ts'
import { oidcApi } from './oidc.contract.ts'

export type Claims = {
  sub: string
  email?: string
  email_verified?: boolean
  given_name?: string
  family_name?: string
  groups?: string[]
}
/** Where the browser was sent back to, and what it kept. */
export type Answer = { url: string; cookie: string }

/** Starts a provider at a port, for the application at `public_url`. */
export async function startOrganisation(port: number, public_url: string, more: ProviderConfiguration = {}) {
  const issuer = `http://127.0.0.1:${port}`
  const client = { client_id: 'openward', client_secret: 'a secret of the test' }
  const people = new Map<string, Claims>()
  const provider = new Provider(issuer, {
    clients: [
      { ...client, redirect_uris: ['callback', 'console'].map((goal) => `${public_url}/api/v1/auth/oidc/${goal}`) },
    ],
    claims: { openid: ['sub', 'groups'], email: ['email', 'email_verified'], profile: ['given_name', 'family_name'] },
    pkce: { required: () => true },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: async () => ({ ...people.get(sub), sub }) }),
    ...more,
    features: { devInteractions: { enabled: true }, ...more.features },
  })
  provider.proxy = true
  const server = provider.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const settings: OidcSettings = {
    issuer,
    ...client,
    groups_claim: 'groups',
    group_roles: [
      ['chiefs', 'admin'],
      ['wards', 'nurse'],
    ],
  }

  /** Goes to the provider and through its forms as a browser would. */
  async function signInAtProvider(api: TestApi, claims: Claims, query = ''): Promise<Answer> {
    people.set(claims.sub, claims)
    const start = await api.send({ method: 'GET', url: oidcApi.start.path + query, headers: {} })
    const cookie = (start.headers['set-cookie'] ?? '').split(';')[0] ?? ''
    const jar = new Map<string, string>()
    let url = start.headers.location ?? ''
    let body: URLSearchParams | undefined
    for (let step = 0; step < 12 && !url.startsWith(public_url); step += 1) {
      const answer = await fetch(url, {
        redirect: 'manual',
        headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
        ...(body ? { method: 'POST', body } : {}),
      })
      for (const line of answer.headers.getSetCookie()) {
        const [pair = ''] = line.split(';')
        const at = pair.indexOf('=')
        jar.set(pair.slice(0, at), pair.slice(at + 1))
      }
      const location = answer.headers.get('location')
      body = undefined
      if (location) {
        url = new URL(location, url).href
      } else {
        const page = await answer.text()
        url = new URL(/action="([^"]+)"/.exec(page)?.[1] ?? '', url).href
        const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1] ?? ''
        body = new URLSearchParams({ prompt, login: claims.sub, password: 'x' })
      }
    }
    const back = new URL(url)
    return { url: `${back.pathname}${back.search}`, cookie }
  }

  async function stop() {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { settings, people, signInAtProvider, stop }
}

/** The browser comes back with what the provider sent it away with. */
export async function comeBack(api: TestApi, { url, cookie }: Answer) {
  const { status, text } = await api.send({ method: 'GET', url, headers: { cookie } })
  return { status, body: JSON.parse(text) as Record<string, string> }
}
