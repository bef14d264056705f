// The second factor: setting it up, and taking it away.
import { z } from 'zod'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, overloaded } from '#platform/contract/problem.ts'
import {
  accountInactive,
  invalidCredentials,
  localPasswordsOff,
  otpInvalid,
  otpRequired,
  signInLocked,
  Tokens,
} from './login.contract.ts'
import { reauthRequired } from './session.contract.ts'
import { GivenPassword, OneTimeSecret, Otp } from './user.fields.ts'
import { tokenInvalid } from './account.contract.ts'

export const mfaAlreadyEnabled = defineProblem(
  'mfa_already_enabled',
  409,
  'A second factor is set up already: disable it first',
)
export const mfaNotStarted = defineProblem('mfa_not_started', 409, 'Enroll first: there is no secret to confirm')
export const mfaNotEnabled = defineProblem('mfa_not_enabled', 409, 'No second factor is set up')
export const mfaRequiredByRole = defineProblem(
  'mfa_required_by_role',
  409,
  'Your role needs a second factor: it cannot be disabled',
)
export const passwordTooShortAlone = defineProblem(
  'password_too_short_alone',
  409,
  'Your password is too short to stand alone: change it to 15 characters or more first',
)

const Secret = z.object({
  secret: z.string().describe('Base32, for typing it into an authenticator app'),
  otpauth_uri: z.string().describe('For a QR code'),
})
const RecoveryCodes = z.object({
  recovery_codes: z.array(z.string()).describe('Shown once: each works once, without the app'),
})
const Code = z.string().min(6).max(10).describe('The code that the app shows now')
const aToken = 'owm_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

export const mfaApi = {
  enroll: {
    method: 'POST',
    path: '/api/v1/auth/mfa/enroll',
    summary: 'Begin to set up a second factor',
    access: 'signed_in',
    audit: { action: 'mfa.enroll', resource_type: 'user' },
    returns: [200, Secret],
    problems: [reauthRequired, mfaAlreadyEnabled],
    secret: true,
  },
  confirm: {
    method: 'POST',
    path: '/api/v1/auth/mfa/confirm',
    summary: 'Confirm the second factor with a first code',
    access: 'signed_in',
    audit: { action: 'mfa.confirm', resource_type: 'user' },
    body: z.strictObject({ code: Code }),
    example: { code: '123456' },
    returns: [200, RecoveryCodes],
    problems: [mfaAlreadyEnabled, mfaNotStarted, otpInvalid, signInLocked],
    secret: true,
    limit_per_minute: 20,
  },
  disable: {
    method: 'POST',
    path: '/api/v1/auth/mfa/disable',
    summary: 'Take the second factor away',
    access: 'signed_in',
    audit: { action: 'mfa.disable', resource_type: 'user' },
    body: z.strictObject({ password: GivenPassword, otp: Otp }),
    example: { password: 'correct horse battery', otp: '123456' },
    returns: [204, null],
    problems: [
      mfaNotEnabled,
      mfaRequiredByRole,
      passwordTooShortAlone,
      invalidCredentials,
      otpRequired,
      otpInvalid,
      signInLocked,
      localPasswordsOff,
      overloaded,
    ],
    secret: true,
    limit_per_minute: 20,
  },
  enrollPending: {
    method: 'POST',
    path: '/api/v1/auth/mfa/pending/enroll',
    summary: 'Begin to set up the second factor that a role needs, before the first sign-in',
    description: 'The enrollment token comes from a sign-in that answered `mfa_enrollment_required`.',
    access: 'public',
    audit: { action: 'mfa.enroll', resource_type: 'user' },
    body: z.strictObject({ enrollment_token: OneTimeSecret }),
    example: { enrollment_token: aToken },
    returns: [200, Secret],
    problems: [tokenInvalid, mfaAlreadyEnabled],
    secret: true,
    limit_per_minute: 20,
  },
  confirmPending: {
    method: 'POST',
    path: '/api/v1/auth/mfa/pending/confirm',
    summary: 'Confirm the second factor that a role needs, and be signed in',
    access: 'public',
    audit: { action: 'mfa.confirm', resource_type: 'user' },
    body: z.strictObject({ enrollment_token: OneTimeSecret, code: Code }),
    example: { enrollment_token: aToken, code: '123456' },
    returns: [200, Tokens.extend(RecoveryCodes.shape)],
    problems: [tokenInvalid, mfaAlreadyEnabled, mfaNotStarted, otpInvalid, accountInactive, signInLocked],
    secret: true,
    limit_per_minute: 20,
  },
} as const satisfies Api
