// Signing in with the organisation (OpenID Connect): authorization code with PKCE.
import { z } from 'zod'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, notFound, unavailable } from '#platform/contract/problem.ts'
import { accountExists } from './account.contract.ts'
import { accountInactive, Tokens } from './login.contract.ts'

export const oidcRefused = defineProblem(
  'oidc_refused',
  401,
  'The sign-in with your organisation did not succeed: start it again',
)
export const oidcNoRole = defineProblem(
  'oidc_no_role',
  403,
  'You are in no group that may use this system: ask your administrator',
)
export const oidcNoEmail = defineProblem(
  'oidc_no_email',
  403,
  'Your organisation did not tell your e-mail address: ask your administrator to release it',
)

// What the provider adds to these is passed on to the check of its answer (RFC 9207 `iss`, for one).
const Answer = z.looseObject({
  state: z.string().max(200).optional(),
  code: z.string().max(4000).optional(),
  error: z.string().max(200).optional(),
})

export const SignInMethods = z.object({
  password: z.boolean().describe('With a password of this server; only then people register themselves'),
  organisation: z.boolean().describe('With the organisation: GET /api/v1/auth/oidc/start'),
})
export type SignInMethods = z.output<typeof SignInMethods>

export const oidcApi = {
  methods: {
    method: 'GET',
    path: '/api/v1/auth/methods',
    summary: 'How one signs in here',
    access: 'public',
    audit: 'none',
    returns: [200, SignInMethods],
    problems: [],
    limit_per_minute: 240,
  },
  start: {
    method: 'GET',
    path: '/api/v1/auth/oidc/start',
    summary: 'Go to the sign-in of the organisation',
    description:
      'For the console it ends at /api/v1/auth/oidc/console, for any other client at /api/v1/auth/oidc/callback: the provider has to know both.',
    access: 'public',
    audit: 'none',
    query: z.strictObject({ for: z.enum(['api', 'console']).default('api') }),
    returns: [302, null],
    problems: [notFound, unavailable],
    limit_per_minute: 60,
  },
  callback: {
    method: 'GET',
    path: '/api/v1/auth/oidc/callback',
    summary: 'Come back from the sign-in of the organisation',
    description: 'Groups decide the role at every sign-in; who is in no mapped group is refused.',
    access: 'public',
    audit: 'none',
    query: Answer,
    returns: [200, Tokens],
    problems: [notFound, oidcRefused, oidcNoRole, oidcNoEmail, accountExists, accountInactive, unavailable],
    limit_per_minute: 60,
  },
  console: {
    method: 'GET',
    path: '/api/v1/auth/oidc/console',
    summary: 'Come back to the console from the sign-in of the organisation',
    description:
      'Leads on to the start page, with the refresh token in a cookie that no script reads, or to the sign-in, with the code of the refusal behind #.',
    access: 'public',
    audit: 'none',
    query: Answer,
    returns: [303, null],
    problems: [notFound, unavailable],
    limit_per_minute: 60,
  },
} as const satisfies Api
