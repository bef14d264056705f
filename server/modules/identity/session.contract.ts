// The session: who am I, on which devices, and how to end it.
import { z } from 'zod'
import { Id, Instant } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, notFound, overloaded } from '#platform/contract/problem.ts'
import { invalidCredentials, localPasswordsOff, otpInvalid, otpRequired, signInLocked } from './login.contract.ts'

export const reauthRequired = defineProblem(
  'reauth_required',
  401,
  'Prove again who you are: send your password to /api/v1/auth/reauthenticate, then repeat this within five minutes',
)

export const CurrentUser = z.object({
  id: Id,
  first_name: z.string(),
  last_name: z.string(),
  email: z.string(),
  username: z.string(),
  email_verified: z.boolean(),
  mfa_enabled: z.boolean(),
  must_change_password: z
    .boolean()
    .describe(
      'True where the password was made for the first sign-in, or is too short without the second factor that was taken away: nothing ' +
        'else is open before POST /api/v1/auth/password',
    ),
  role: z.string(),
  permissions: z.array(z.string()),
  department_id: Id.nullable(),
  doctor_id: Id.nullable(),
  patient_id: Id.nullable(),
  session: z.object({
    idle_seconds: z.int().describe('It ends when nothing has been asked for so long, but for what polls'),
    expires_at: Instant.describe('It ends then, whatever is asked'),
  }),
})
export type CurrentUser = z.output<typeof CurrentUser>

export const Session = z.object({
  id: Id,
  is_current: z.boolean(),
  created_at: Instant,
  last_used_at: Instant,
  expires_at: Instant,
  ip_address: z.string().nullable(),
  user_agent: z.string().nullable(),
  method: z.string().describe('How the person signed in: password, password_form, oidc; +otp with a second factor'),
})

export const SignInAttempt = z.object({
  at: Instant,
  outcome: z.enum(['success', 'failure', 'denied']),
  reason: z.string().nullable(),
  method: z.string().nullable(),
  ip_address: z.string().nullable(),
  user_agent: z.string().nullable(),
})

const Sessions = z.object({ items: z.array(Session), recent_attempts: z.array(SignInAttempt) })
export type Sessions = z.output<typeof Sessions>

export const Reauthentication = z.strictObject({
  password: z.string().min(1).max(1024),
  otp: z.string().min(6).max(64).optional(),
})

export const sessionApi = {
  me: {
    method: 'GET',
    path: '/api/v1/auth/me',
    summary: 'Who am I, and what may I do',
    access: 'signed_in',
    with_initial_password: true,
    audit: 'none',
    returns: [200, CurrentUser],
    problems: [],
  },
  sessions: {
    method: 'GET',
    path: '/api/v1/auth/sessions',
    summary: 'Where I am signed in, and the latest attempts to sign in as me',
    access: 'signed_in',
    audit: 'none',
    returns: [200, Sessions],
    problems: [],
  },
  endSession: {
    method: 'DELETE',
    path: '/api/v1/auth/sessions/{session_id}',
    summary: 'End one of my sessions',
    access: 'signed_in',
    audit: { action: 'session.end', resource_type: 'session' },
    params: z.strictObject({ session_id: Id }),
    returns: [204, null],
    problems: [reauthRequired, notFound],
  },
  reauthenticate: {
    method: 'POST',
    path: '/api/v1/auth/reauthenticate',
    summary: 'Prove again who I am, before a change that asks for it',
    access: 'signed_in',
    audit: { action: 'session.reauthenticate', resource_type: 'session' },
    body: Reauthentication,
    example: { password: 'correct horse battery' },
    returns: [204, null],
    problems: [invalidCredentials, otpRequired, otpInvalid, signInLocked, localPasswordsOff, overloaded],
    secret: true,
    limit_per_minute: 30,
  },
  logout: {
    method: 'POST',
    path: '/api/v1/auth/logout',
    summary: 'Sign out here',
    access: 'signed_in',
    with_initial_password: true,
    reserved: true,
    audit: { action: 'session.logout', resource_type: 'session' },
    returns: [204, null],
    problems: [],
    secret: true,
  },
  logoutAll: {
    method: 'POST',
    path: '/api/v1/auth/logout-all',
    summary: 'Sign out everywhere',
    access: 'signed_in',
    with_initial_password: true,
    reserved: true,
    audit: { action: 'session.logout_all', resource_type: 'session' },
    returns: [204, null],
    problems: [],
    secret: true,
  },
} as const satisfies Api
