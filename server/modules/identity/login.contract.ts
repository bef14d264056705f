// Signing in, and staying signed in.
import { z } from 'zod'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, originRefused, overloaded, sessionEnded } from '#platform/contract/problem.ts'
import { Otp } from './user.fields.ts'

// One answer for an unknown name, a wrong password and an account that has none.
export const invalidCredentials = defineProblem('invalid_credentials', 401, 'User name or password are not right')
export const otpRequired = defineProblem(
  'otp_required',
  401,
  'Give the code of your authenticator app, or a recovery code, as well',
)
export const otpInvalid = defineProblem(
  'otp_invalid',
  401,
  'The code is not right or was used before: wait for the next one',
)
export const mfaEnrollmentRequired = defineProblem(
  'mfa_enrollment_required',
  401,
  'Your role needs a second factor: set it up with the enrollment token, then you are signed in',
)
export const accountInactive = defineProblem(
  'account_inactive',
  401,
  'This account is not active: ask your administrator',
)
export const signInLocked = defineProblem(
  'sign_in_locked',
  429,
  'Too many failed attempts to sign in: wait, or use a device that you signed in from before',
)
export const localPasswordsOff = defineProblem(
  'local_passwords_off',
  403,
  'Passwords are switched off here: sign in with your organisation',
)
export const passwordFormOff = defineProblem(
  'password_form_off',
  403,
  'This way of signing in is switched off: use /api/v1/auth/login',
)
export const invalidGrant = defineProblem('invalid_grant', 400, 'The grant is not valid')
export const unsupportedGrantType = defineProblem(
  'unsupported_grant_type',
  400,
  'grant_type must be password or refresh_token',
)
export const signInFailures = [
  invalidCredentials,
  otpRequired,
  otpInvalid,
  mfaEnrollmentRequired,
  accountInactive,
  signInLocked,
  localPasswordsOff,
  overloaded,
]

const Name = z.string().min(1).max(254).regex(/\S/, 'Must be a user name or an e-mail address')
const Secret = z.string().min(1).max(1024)
const DeviceToken = z
  .string()
  .max(100)
  .describe('What an earlier sign-in on this device answered; the header X-Device-Token does the same')

export const Tokens = z.object({
  access_token: z.string(),
  refresh_token: z
    .string()
    .optional()
    .describe('Single use: every refresh gives the next one. Left out where X-OpenWard-Console asked for a cookie'),
  token_type: z.literal('Bearer'),
  expires_in: z.int().describe('Seconds until the access token expires'),
  device_token: z
    .string()
    .optional()
    .describe('Keep it on this device: it still signs in while strangers keep the account locked'),
})
export type Tokens = z.output<typeof Tokens>

export const Login = z
  .strictObject({
    username: Name.optional().describe('User name or e-mail'),
    email: Name.optional(),
    password: Secret,
    otp: Otp.optional(),
    device_token: DeviceToken.optional(),
  })
  .refine(({ username, email }) => (username === undefined) !== (email === undefined), {
    error: 'Give either username or email',
    path: ['username'],
  })

// RFC 6749 section 3.2: parameters that are not known here are ignored.
export const TokenRequest = z.object({
  grant_type: z.string().max(100).describe('password or refresh_token'),
  username: Name.optional(),
  password: Secret.optional(),
  refresh_token: z.string().max(200).optional(),
  otp: Otp.optional(),
  device_token: DeviceToken.optional(),
})

export const loginApi = {
  login: {
    method: 'POST',
    path: '/api/v1/auth/login',
    summary: 'Sign in with a password',
    access: 'public',
    audit: { action: 'session.login', resource_type: 'session' },
    body: Login,
    example: { username: 'ada@example.org', password: 'correct horse battery' },
    returns: [200, Tokens],
    problems: signInFailures,
    secret: true,
    limit_per_minute: 60,
  },
  token: {
    method: 'POST',
    path: '/api/v1/auth/token',
    summary: 'Sign in with the OAuth 2 password form',
    description:
      'Answers and errors follow RFC 6749. Meant for the reference at /docs and for OAuth clients of the house itself.',
    access: 'public',
    audit: { action: 'session.login', resource_type: 'session' },
    body: TokenRequest,
    accepts: 'form',
    fails_as: 'oauth',
    example: { grant_type: 'password', username: 'ada@example.org', password: 'correct horse battery' },
    returns: [200, Tokens],
    problems: [invalidGrant, unsupportedGrantType, passwordFormOff, localPasswordsOff, signInLocked, overloaded],
    secret: true,
    limit_per_minute: 60,
  },
  refresh: {
    method: 'POST',
    path: '/api/v1/auth/refresh',
    summary: 'Exchange the refresh token for the next pair of tokens',
    description:
      'A refresh token works once. Presented again it ends the whole session, but for ten seconds and while its successor is unused, when it answers that same successor.',
    access: 'public',
    audit: { action: 'session.refresh', resource_type: 'session' },
    body: z.strictObject({
      refresh_token: z.string().max(200).optional().describe('Left out by the console, whose cookie holds it'),
    }),
    example: { refresh_token: 'owr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
    returns: [200, Tokens],
    problems: [sessionEnded, originRefused],
    own_pages_only: true,
    secret: true,
    limit_per_minute: 120,
  },
} as const satisfies Api
