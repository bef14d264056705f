// Accounts as those see them who look after them.
import { z } from 'zod'
import { Id, Instant, ListOf, Page, QueryBoolean } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, forbidden, notFound, overloaded } from '#platform/contract/problem.ts'
import { accountExists } from './account.contract.ts'
import { localPasswordsOff } from './login.contract.ts'
import { reauthRequired } from './session.contract.ts'
import { Email, NewPassword, PersonName, Username } from './user.fields.ts'

export const ownAccount = defineProblem(
  'own_account',
  403,
  'Nobody changes their own rights: ask another administrator',
)
export const beyondOwnRights = defineProblem('beyond_own_rights', 403, 'You cannot give what you do not have yourself')
export const lastAdministrator = defineProblem(
  'last_administrator',
  409,
  'This is the last active administrator: make another one first',
)
export const notAwaitingApproval = defineProblem(
  'not_awaiting_approval',
  409,
  'This account does not wait for approval',
)
export const emailNotVerified = defineProblem(
  'email_not_verified',
  409,
  'This person has not proven their e-mail address yet: they follow the link that was mailed to them first',
)

export const invitationAccepted = defineProblem(
  'invitation_accepted',
  409,
  'This person has a password already: start a reset instead',
)
export const externalAccount = defineProblem(
  'external_account',
  409,
  'This person signs in with their organisation, which looks after their password',
)

export const RoleName = z.string().regex(/^[a-z][a-z_]{1,39}$/, 'Must be the name of a role, such as nurse')
export const Permission = z
  .string()
  .max(80)
  .regex(
    /^[a-z-]+:[a-z-]+(:own|:department)?$/,
    'Must read resource:action, with :own or :department behind where it is scoped',
  )
const DeniedPermission = z
  .string()
  .max(80)
  .regex(/^[a-z-]+:[a-z-]+$/, 'Must read resource:action: a denial takes every scope of it')

export const User = z.object({
  id: Id,
  email: z.string(),
  username: z.string(),
  first_name: z.string(),
  last_name: z.string(),
  role: z.string(),
  department_id: Id.nullable(),
  is_active: z.boolean(),
  awaits_approval: z.boolean(),
  email_verified: z.boolean(),
  has_password: z.boolean(),
  mfa_enabled: z.boolean(),
  failed_logins: z.int(),
  locked_until: Instant.nullable(),
  last_login_at: Instant.nullable(),
  denied_permissions: z.array(z.string()),
  created_at: Instant,
  updated_at: Instant,
  version: z.int(),
})
export type User = z.output<typeof User>

export const NewUser = z.strictObject({
  email: Email,
  username: z.union([Username, Email]).optional(),
  first_name: PersonName,
  last_name: PersonName,
  role: RoleName,
  department_id: Id.nullish(),
  password: NewPassword.optional().describe('An initial password; without one an invitation is mailed'),
})
export type NewUser = z.output<typeof NewUser>

const Invitation = z.object({ link: z.string(), expires_at: Instant })
export type Invitation = z.output<typeof Invitation>

export const CreatedUser = User.extend({
  invitation: Invitation.nullable().describe('Shown once, in case the mail does not arrive'),
})
export type CreatedUser = z.output<typeof CreatedUser>

export const UserChange = z.strictObject({
  first_name: PersonName.optional(),
  last_name: PersonName.optional(),
  role: RoleName.optional(),
  department_id: Id.nullable().optional(),
  is_active: z.boolean().optional(),
  denied_permissions: z
    .array(DeniedPermission)
    .max(100)
    .optional()
    .describe('Withdrawn from this user whatever the role gives'),
})
export type UserChange = z.output<typeof UserChange>

export const UserQuery = z.strictObject({
  ...Page,
  role: RoleName.optional(),
  is_active: QueryBoolean.optional(),
  q: z
    .string()
    .max(100)
    .optional()
    .describe(
      'Part of a name, an e-mail or a user name of somebody who works here; patients are found by their whole e-mail or user name, ' +
        'or by a part of it with role=patient',
    ),
})
export type UserQuery = z.output<typeof UserQuery>

export const AccessReviewItem = z.object({
  user_id: Id,
  first_name: z.string(),
  last_name: z.string(),
  role: z.string(),
  department_id: Id.nullable(),
  permissions: z.array(z.string()).describe('What the role gives, less what was withdrawn'),
  denied_permissions: z.array(z.string()),
  is_active: z.boolean(),
  mfa_enabled: z.boolean(),
  last_login_at: Instant.nullable(),
  is_stale: z.boolean().describe('Active, but not signed in for 90 days'),
  last_review: z.object({ verdict: z.enum(['keep', 'change']), reviewed_by: Id, reviewed_at: Instant }).nullable(),
})
export type AccessReviewItem = z.output<typeof AccessReviewItem>
export const AccessReviewQuery = z.strictObject({
  ...Page,
  due: QueryBoolean.optional().describe(
    'true: only active accounts that nobody has reviewed for 180 days, or of which the latest review said that something has to change',
  ),
})
export const AccessVerdict = z.strictObject({ verdict: z.enum(['keep', 'change']) })
const AccessReview = z.object({
  id: Id,
  user_id: Id,
  reviewed_by: Id,
  verdict: z.enum(['keep', 'change']),
  created_at: Instant,
})

const params = z.strictObject({ user_id: Id })

export const userApi = {
  list: {
    method: 'GET',
    path: '/api/v1/users',
    summary: 'Accounts, in the order in which they were made',
    access: 'users:read',
    audit: { action: 'user.list', resource_type: 'user' },
    query: UserQuery,
    returns: [200, ListOf(User)],
    problems: [],
  },
  create: {
    method: 'POST',
    path: '/api/v1/users',
    summary: 'Make an account, with an initial password or an invitation',
    access: 'users:create',
    audit: { action: 'user.create', resource_type: 'user' },
    body: NewUser,
    example: { email: 'grace@example.org', first_name: 'Grace', last_name: 'Hopper', role: 'nurse' },
    returns: [201, CreatedUser],
    problems: [accountExists, beyondOwnRights, overloaded],
    secret: true,
  },
  read: {
    method: 'GET',
    path: '/api/v1/users/{user_id}',
    summary: 'An account',
    access: 'users:read',
    audit: { action: 'user.read', resource_type: 'user' },
    params,
    returns: [200, User],
    problems: [notFound],
    versioned: true,
  },
  update: {
    method: 'PATCH',
    path: '/api/v1/users/{user_id}',
    summary: 'Change role, department, activity, names or withdrawn permissions',
    description:
      'Takes effect on the next request of that person; sessions go on with what the new role allows them, or end. Nobody sets the password of another.',
    access: 'users:update',
    audit: { action: 'user.update', resource_type: 'user' },
    params,
    body: UserChange,
    accepts: 'merge_patch',
    example: { role: 'staff' },
    returns: [200, User],
    problems: [notFound, ownAccount, beyondOwnRights, lastAdministrator, emailNotVerified],
    versioned: true,
  },
  deactivate: {
    method: 'DELETE',
    path: '/api/v1/users/{user_id}',
    summary: 'Deactivate an account; its records stay',
    access: 'users:delete',
    audit: { action: 'user.deactivate', resource_type: 'user' },
    params,
    returns: [204, null],
    problems: [notFound, ownAccount, beyondOwnRights, lastAdministrator],
    versioned: true,
  },
  approve: {
    method: 'POST',
    path: '/api/v1/users/{user_id}/approve',
    summary: 'Let an account in that waits for approval, once its e-mail address is proven',
    access: 'users:update',
    audit: { action: 'user.approve', resource_type: 'user' },
    params,
    returns: [200, User],
    problems: [notFound, ownAccount, notAwaitingApproval, emailNotVerified, beyondOwnRights],
  },
  unlock: {
    method: 'POST',
    path: '/api/v1/users/{user_id}/unlock',
    summary: 'End the wait after wrong passwords',
    access: 'users:update',
    audit: { action: 'user.unlock', resource_type: 'user' },
    params,
    returns: [200, User],
    problems: [notFound, ownAccount, beyondOwnRights],
  },
  invite: {
    method: 'POST',
    path: '/api/v1/users/{user_id}/invitation',
    summary: 'Invite again somebody who has not chosen a password yet',
    description: 'Mails a new link and shows it once; the earlier one is of no use any more.',
    access: 'users:update',
    audit: { action: 'user.invite', resource_type: 'user' },
    params,
    returns: [201, Invitation],
    problems: [notFound, beyondOwnRights, invitationAccepted, externalAccount, localPasswordsOff],
    secret: true,
    limit_per_minute: 60,
  },
  startReset: {
    method: 'POST',
    path: '/api/v1/users/{user_id}/password-reset',
    summary: 'Mail the person a link that resets their password',
    description: 'It is mailed, however often the person or others in their name have asked for one.',
    access: 'users:update',
    audit: { action: 'password.forgot', resource_type: 'user' },
    params,
    returns: [202, null],
    problems: [notFound, beyondOwnRights, externalAccount, localPasswordsOff],
    limit_per_minute: 60,
  },
  removeMfa: {
    method: 'DELETE',
    path: '/api/v1/users/{user_id}/mfa',
    summary: 'Take away the second factor of someone who lost it, and end their sessions',
    description: 'Asks for a sign-in of the last five minutes; the person is told by mail.',
    access: 'users:update',
    audit: { action: 'mfa.remove', resource_type: 'user' },
    params,
    returns: [204, null],
    problems: [notFound, ownAccount, beyondOwnRights, reauthRequired],
  },
  accessReview: {
    method: 'GET',
    path: '/api/v1/users/access-review',
    summary: 'Who can do what, when they last signed in, and who reviewed it',
    access: 'access:review',
    audit: { action: 'access_review.read', resource_type: 'user' },
    query: AccessReviewQuery,
    returns: [200, ListOf(AccessReviewItem)],
    problems: [],
  },
  review: {
    method: 'POST',
    path: '/api/v1/users/{user_id}/access-review',
    summary: 'Sign off what a person can do',
    access: 'access:review',
    audit: { action: 'access_review.create', resource_type: 'user' },
    params,
    body: AccessVerdict,
    example: { verdict: 'keep' },
    returns: [201, AccessReview],
    problems: [notFound, ownAccount, forbidden],
  },
} as const satisfies Api
