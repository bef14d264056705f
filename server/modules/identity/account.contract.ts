// One's own account: password, profile, and the links that are mailed.
import { z } from 'zod'
import { Instant } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, overloaded } from '#platform/contract/problem.ts'
import { invalidCredentials, localPasswordsOff, otpInvalid, otpRequired, signInLocked } from './login.contract.ts'
import { reauthRequired } from './session.contract.ts'
import { Email, GivenPassword, NewPassword, OneTimeSecret, Otp, PersonName, Username } from './user.fields.ts'

export const accountExists = defineProblem('account_exists', 409, 'Another account has this e-mail or user name')
export const tokenInvalid = defineProblem('token_invalid', 400, 'The link is not valid any more: ask for a new one')

export const PasswordChange = z.strictObject({
  current_password: GivenPassword,
  otp: Otp.optional(),
  new_password: NewPassword,
})
export const PasswordReset = z.strictObject({ token: OneTimeSecret, new_password: NewPassword })

export const UserProfile = z.object({
  first_name: z.string(),
  last_name: z.string(),
  email: z.string(),
  username: z.string(),
  email_verified: z.boolean(),
  updated_at: Instant,
  version: z.int(),
})
export type UserProfile = z.output<typeof UserProfile>

export const ProfileChange = z.strictObject({
  first_name: PersonName,
  last_name: PersonName,
  email: Email,
  username: z.union([Username, Email]).optional().describe('A user name, or the e-mail itself; left out, it stays'),
})
export type ProfileChange = z.output<typeof ProfileChange>

const aToken = 'owp_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

export const accountApi = {
  changePassword: {
    method: 'POST',
    path: '/api/v1/auth/password',
    summary: 'Change my password',
    description: 'Ends every other session.',
    access: 'signed_in',
    with_initial_password: true,
    audit: { action: 'password.change', resource_type: 'user' },
    body: PasswordChange,
    example: { current_password: 'correct horse battery', new_password: 'violet harbour tractor 61' },
    returns: [204, null],
    problems: [invalidCredentials, otpRequired, otpInvalid, signInLocked, localPasswordsOff, overloaded],
    secret: true,
    limit_per_minute: 30,
  },
  forgotPassword: {
    method: 'POST',
    path: '/api/v1/auth/password/forgot',
    summary: 'Ask for a link that resets the password',
    description:
      'The answer is the same whether there is such an account or not. The link works once, for ten minutes.',
    access: 'public',
    audit: { action: 'password.forgot', resource_type: 'user' },
    body: z.strictObject({ email: Email }),
    example: { email: 'ada@example.org' },
    returns: [202, null],
    problems: [localPasswordsOff],
    secret: true,
    limit_per_minute: 10,
  },
  resetPassword: {
    method: 'POST',
    path: '/api/v1/auth/password/reset',
    summary: 'Choose a new password with the mailed link',
    description: 'Ends every session. A second factor is still asked for at the next sign-in.',
    access: 'public',
    audit: { action: 'password.reset', resource_type: 'user' },
    body: PasswordReset,
    example: { token: aToken, new_password: 'violet harbour tractor 61' },
    returns: [204, null],
    problems: [tokenInvalid, localPasswordsOff, overloaded],
    secret: true,
    limit_per_minute: 20,
  },
  acceptInvitation: {
    method: 'POST',
    path: '/api/v1/auth/invitations/accept',
    summary: 'Choose the first password with the link of an invitation',
    access: 'public',
    audit: { action: 'invitation.accept', resource_type: 'user' },
    body: PasswordReset,
    example: { token: aToken.replace('owp', 'owi'), new_password: 'violet harbour tractor 61' },
    returns: [204, null],
    problems: [tokenInvalid, localPasswordsOff, overloaded],
    secret: true,
    limit_per_minute: 20,
  },
  profile: {
    method: 'GET',
    path: '/api/v1/users/profile',
    summary: 'My profile',
    access: 'signed_in',
    audit: 'none',
    returns: [200, UserProfile],
    problems: [],
    versioned: true,
  },
  changeProfile: {
    method: 'PUT',
    path: '/api/v1/users/profile',
    summary: 'Change my profile',
    description:
      'Names change at once. Another e-mail address asks for a sign-in of the last five minutes, and takes the place of the old one ' +
      'once the link that is mailed to it is followed; until then the answer shows the old one. The old address is told.',
    access: 'signed_in',
    audit: { action: 'profile.update', resource_type: 'user' },
    body: ProfileChange,
    example: { first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.org' },
    returns: [200, UserProfile],
    problems: [reauthRequired, accountExists],
    versioned: true,
  },
} as const satisfies Api
