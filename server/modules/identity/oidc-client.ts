// The organisation's OpenID provider, asked through openid-client. Its configuration is discovered when it is first needed.
import * as client from 'openid-client'
import { certain } from '#platform/certain.ts'
import type { Configuration } from '#platform/configuration.ts'
import { Problem, unavailable } from '#platform/contract/problem.ts'
import { oidcRefused } from './oidc.contract.ts'

export type OidcSettings = NonNullable<Configuration['oidc']>
/** Where the browser comes back to, which is said to the provider twice. */
export type OidcGoal = 'callback' | 'console'
/** What is remembered between leaving and coming back. */
export type OidcFlow = { state: string; nonce: string; code_verifier: string; goal: OidcGoal }
export type OidcPerson = {
  subject: string
  email: string | undefined
  email_verified: boolean
  first_name: string
  last_name: string
  groups: string[]
}
export type OidcClient = {
  /** Where to send the browser. @throws Problem unavailable */
  begin(state: string, goal: OidcGoal): Promise<{ url: string; flow: OidcFlow }>
  /** Who came back. @throws Problem oidcRefused, unavailable */
  finish(answer: URLSearchParams, flow: OidcFlow): Promise<OidcPerson>
}

/** The provider answers within this time or is away. */
const timeout_seconds = 5

export function createOidcClient(settings: OidcSettings, { public_url, production }: Configuration): OidcClient {
  const redirectTo = (goal: OidcGoal) => `${public_url}/api/v1/auth/oidc/${goal}`
  let discovered: Promise<client.Configuration> | undefined

  function discover(): Promise<client.Configuration> {
    const { issuer, client_id, client_secret } = settings
    const isPlain = issuer.startsWith('http:')
    if (isPlain && production) throw new Error('OIDC_ISSUER must be an https address in production')
    discovered ??= client
      .discovery(new URL(issuer), client_id, client_secret, undefined, {
        timeout: timeout_seconds,
        ...(isPlain ? { execute: [client.allowInsecureRequests] } : {}),
      })
      .catch((error: unknown) => {
        discovered = undefined
        throw new Problem(
          unavailable,
          { detail: 'The sign-in of your organisation does not answer', retry_after_seconds: 5 },
          error,
        )
      })
    return discovered
  }

  return {
    async begin(state, goal) {
      const configuration = await discover()
      const flow = { state, nonce: client.randomNonce(), code_verifier: client.randomPKCECodeVerifier(), goal }
      const url = client.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectTo(goal),
        scope: 'openid email profile',
        state,
        nonce: flow.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(flow.code_verifier),
        code_challenge_method: 'S256',
      })
      return { url: url.href, flow }
    },
    async finish(answer, { state, nonce, code_verifier, goal }) {
      const configuration = await discover()
      try {
        const tokens = await client.authorizationCodeGrant(
          configuration,
          new URL(`${redirectTo(goal)}?${answer.toString()}`),
          {
            expectedState: state,
            expectedNonce: nonce,
            pkceCodeVerifier: code_verifier,
            idTokenExpected: true,
          },
        )
        const claims = certain(tokens.claims(), 'id token')
        const isComplete = claims.email !== undefined && claims[settings.groups_claim] !== undefined
        const more =
          isComplete || !configuration.serverMetadata().userinfo_endpoint
            ? {}
            : await client.fetchUserInfo(configuration, tokens.access_token, claims.sub)
        return readPerson({ ...more, ...claims }, settings)
      } catch (error) {
        // openid-client wraps what the provider or its token says in errors of its own; a failed fetch is a bare TypeError.
        const isAway = error instanceof TypeError || (error instanceof Error && error.name === 'TimeoutError')
        throw isAway ? new Problem(unavailable, { retry_after_seconds: 5 }, error) : new Problem(oidcRefused, {}, error)
      }
    },
  }
}

function readPerson(claims: Record<string, unknown>, { issuer, groups_claim }: OidcSettings): OidcPerson {
  const text = (name: string) => {
    const value = claims[name]
    return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, 100) : undefined
  }
  const groups = claims[groups_claim]
  // What is no address could be taken for somebody's user name.
  const email = typeof claims.email === 'string' ? claims.email.normalize('NFKC').trim() : ''
  const [first, ...rest] = (text('name') ?? '').split(' ')
  return {
    subject: `${issuer}|${String(claims.sub)}`,
    email: email.length <= 254 && /^\S+@\S+$/.test(email) ? email : undefined,
    email_verified: claims.email_verified === true,
    first_name: text('given_name') ?? (first || '—'),
    last_name: text('family_name') ?? (rest.join(' ') || '—'),
    groups: Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : [],
  }
}
