// Signing in, one's own account, and the accounts of others.
import { randomUUID } from 'node:crypto'
import { sql } from '#platform/database/sql.ts'
import { adminOnly, everyone, hiddenFromAll, nobody, type Row, signedIn } from './row.ts'

const password = 'correct horse battery'
const unusedEmail = () => `${randomUUID()}@example.test`
const registration = () => ({
  email: unusedEmail(),
  password: 'violet harbour tractor 61',
  first_name: 'Ada',
  last_name: 'Lovelace',
  date_of_birth: '1984-02-29',
})
const noToken = 'no such token was mailed'
const noOrganisation = 'no organisation to sign in with is configured'
const noPassword = 'the accounts of this suite have no password'

export const accountRows: readonly Row[] = [
  {
    operation: 'POST /api/v1/auth/login',
    expect: everyone,
    ask: () => ({ body: { username: randomUUID(), password } }),
    also: [401],
    never_succeeds: 'the account is of nobody',
  },
  {
    operation: 'POST /api/v1/auth/token',
    expect: everyone,
    ask: () => ({ body: { grant_type: 'password', username: randomUUID(), password } }),
    also: [400, 401],
    never_succeeds: 'the account is of nobody',
  },
  { operation: 'POST /api/v1/auth/refresh', expect: everyone, also: [401], never_succeeds: 'the token is of nobody' },
  { operation: 'POST /api/v1/auth/register', expect: everyone, ask: () => ({ body: registration() }), entries: 2 },
  {
    operation: 'POST /api/v1/auth/register',
    when: 'as an administrator',
    expect: { ...nobody, anonymous: 403 },
    ask: () => ({ body: { ...registration(), role: 'admin' } }),
  },
  { operation: 'GET /.well-known/jwks.json', expect: everyone },
  { operation: 'GET /api/v1/auth/oidc/start', expect: everyone, also: [404], never_succeeds: noOrganisation },
  { operation: 'GET /api/v1/auth/oidc/callback', expect: everyone, also: [404], never_succeeds: noOrganisation },
  { operation: 'GET /api/v1/auth/oidc/console', expect: everyone, also: [404], never_succeeds: noOrganisation },
  { operation: 'GET /api/v1/auth/methods', expect: everyone },
  {
    operation: 'POST /api/v1/auth/password/forgot',
    expect: everyone,
    ask: () => ({ body: { email: unusedEmail() } }),
    entries: 0,
  },
  {
    operation: 'POST /api/v1/auth/email/resend',
    expect: everyone,
    ask: () => ({ body: { email: unusedEmail() } }),
    entries: 0,
  },
  { operation: 'POST /api/v1/auth/password/reset', expect: everyone, also: [400, 401], never_succeeds: noToken },
  { operation: 'POST /api/v1/auth/invitations/accept', expect: everyone, also: [400, 401], never_succeeds: noToken },
  { operation: 'POST /api/v1/auth/email/verify', expect: everyone, also: [400, 401], never_succeeds: noToken },
  { operation: 'POST /api/v1/auth/mfa/pending/enroll', expect: everyone, also: [400, 401], never_succeeds: noToken },
  { operation: 'POST /api/v1/auth/mfa/pending/confirm', expect: everyone, also: [400, 401], never_succeeds: noToken },

  // One's own account: everyone signed in, whatever their role.
  { operation: 'GET /api/v1/auth/me', expect: signedIn },
  { operation: 'GET /api/v1/auth/sessions', expect: signedIn },
  {
    operation: 'DELETE /api/v1/auth/sessions/{session_id}',
    expect: signedIn,
    ask: (_subject, person) => ({ params: { session_id: person?.session_id ?? randomUUID() } }),
  },
  { operation: 'DELETE /api/v1/auth/sessions/{session_id}', when: 'of somebody else', expect: hiddenFromAll },
  { operation: 'POST /api/v1/auth/logout', expect: signedIn },
  { operation: 'POST /api/v1/auth/logout-all', expect: signedIn },
  { operation: 'POST /api/v1/auth/reauthenticate', expect: signedIn, also: [401, 429], never_succeeds: noPassword },
  { operation: 'POST /api/v1/auth/password', expect: signedIn, also: [401, 429], never_succeeds: noPassword },
  { operation: 'POST /api/v1/auth/mfa/enroll', expect: signedIn },
  { operation: 'POST /api/v1/auth/mfa/confirm', expect: signedIn, also: [401], never_succeeds: 'the code is a guess' },
  {
    operation: 'POST /api/v1/auth/mfa/disable',
    expect: signedIn,
    also: [401, 429],
    never_succeeds: 'no second factor is set up',
  },
  { operation: 'GET /api/v1/users/profile', expect: signedIn },
  {
    operation: 'PUT /api/v1/users/profile',
    expect: signedIn,
    ask: () => ({ body: { first_name: 'Ada', last_name: 'Lovelace', email: unusedEmail() } }),
  },

  // The accounts of others, roles and departments: the administrator.
  { operation: 'GET /api/v1/users', expect: adminOnly },
  {
    operation: 'POST /api/v1/users',
    expect: adminOnly,
    ask: () => ({ body: { email: unusedEmail(), first_name: 'Grace', last_name: 'Hopper', role: 'nurse' } }),
  },
  { operation: 'GET /api/v1/users/{user_id}', expect: adminOnly },
  { operation: 'PATCH /api/v1/users/{user_id}', expect: adminOnly, ask: () => ({ body: { last_name: 'Murray' } }) },
  {
    operation: 'PATCH /api/v1/users/{user_id}',
    when: 'the role of their own account',
    expect: nobody,
    ask: (_subject, person) => ({ params: { user_id: person?.user_id ?? randomUUID() }, body: { role: 'admin' } }),
  },
  { operation: 'DELETE /api/v1/users/{user_id}', expect: adminOnly },
  {
    operation: 'POST /api/v1/users/{user_id}/approve',
    expect: adminOnly,
    prepare: async ({ ids }, { api }) =>
      void (await api.rows(
        sql`update users set is_active = false, awaits_approval = true, email_verified_at = now() where id = ${ids['user_id']}`,
      )),
  },
  { operation: 'POST /api/v1/users/{user_id}/unlock', expect: adminOnly },
  { operation: 'POST /api/v1/users/{user_id}/invitation', expect: adminOnly },
  { operation: 'POST /api/v1/users/{user_id}/password-reset', expect: adminOnly },
  { operation: 'DELETE /api/v1/users/{user_id}/mfa', expect: adminOnly },
  { operation: 'GET /api/v1/users/{user_id}/sessions', expect: adminOnly },
  { operation: 'DELETE /api/v1/users/{user_id}/sessions', expect: adminOnly },
  { operation: 'DELETE /api/v1/users/{user_id}/sessions/{session_id}', expect: adminOnly },
  { operation: 'GET /api/v1/users/access-review', expect: adminOnly },
  { operation: 'POST /api/v1/users/{user_id}/access-review', expect: adminOnly },
  {
    operation: 'POST /api/v1/users/{user_id}/access-review',
    when: 'of their own account',
    expect: nobody,
    ask: (_subject, person) => ({ params: { user_id: person?.user_id ?? randomUUID() } }),
  },
  { operation: 'GET /api/v1/roles', expect: adminOnly },
  { operation: 'GET /api/v1/roles/{name}', expect: adminOnly },
  { operation: 'PUT /api/v1/roles/{name}', expect: adminOnly },
  { operation: 'GET /api/v1/departments', expect: signedIn },
  { operation: 'GET /api/v1/departments/{department_id}', expect: signedIn },
  {
    operation: 'POST /api/v1/departments',
    expect: adminOnly,
    ask: () => ({ body: { name: 'Ward', code: `W-${randomUUID().slice(0, 8).toUpperCase()}` } }),
  },
  { operation: 'PATCH /api/v1/departments/{department_id}', expect: adminOnly },
  { operation: 'GET /api/v1/mails', expect: adminOnly },
]
