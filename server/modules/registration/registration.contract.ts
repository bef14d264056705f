// Registering oneself, and confirming the address that one gave.
import { z } from 'zod'
import { LocalDate } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, overloaded } from '#platform/contract/problem.ts'
import { accountExists, tokenInvalid } from '../identity/account.contract.ts'
import {
  invalidCredentials,
  localPasswordsOff,
  otpInvalid,
  otpRequired,
  signInLocked,
} from '../identity/login.contract.ts'
import { Email, GivenPassword, NewPassword, OneTimeSecret, Otp, PersonName } from '../identity/user.fields.ts'
import { Gender } from '../patients/patient.contract.ts'

export const roleNotOpen = defineProblem(
  'role_not_open',
  403,
  'Only patients and doctors register themselves: ask an administrator for an account',
)

export const Registration = z.strictObject({
  email: Email,
  password: NewPassword,
  first_name: PersonName,
  last_name: PersonName,
  role: z.string().max(40).default('patient').describe('patient, or doctor, who then waits for approval'),
  date_of_birth: LocalDate.optional(),
  gender: Gender.optional(),
  phone_primary: z.string().max(40).optional(),
  preferred_language: z.string().max(35).optional(),
})
export type Registration = z.output<typeof Registration>

export const EmailConfirmation = z.strictObject({
  token: OneTimeSecret,
  password: GivenPassword.optional().describe('Of the account; left out where the request has a session of it'),
  otp: Otp.optional(),
})

export const Registered = z.object({
  email: z.string(),
  role: z.enum(['patient', 'doctor']),
  next: z
    .enum(['sign_in', 'await_approval'])
    .describe('What to do, besides confirming the address by the link in the mail'),
})
export type Registered = z.output<typeof Registered>

export const registrationApi = {
  register: {
    method: 'POST',
    path: '/api/v1/auth/register',
    summary: 'Register as a patient, or ask for an account as a doctor',
    description:
      'The answer is the same for an address that has an account already; its owner is told by mail. A patient has a record of what ' +
      'they told at once, whether the hospital knows them or not; a record that it has is joined once the address is confirmed.',
    access: 'public',
    audit: { action: 'user.register', resource_type: 'user' },
    body: Registration,
    example: {
      email: 'ada@example.org',
      password: 'violet harbour tractor 61',
      first_name: 'Ada',
      last_name: 'Lovelace',
      date_of_birth: '1984-02-29',
    },
    returns: [202, Registered],
    problems: [roleNotOpen, localPasswordsOff, overloaded],
    secret: true,
    limit_per_minute: 10,
  },
  resendVerification: {
    method: 'POST',
    path: '/api/v1/auth/email/resend',
    summary: 'Ask again for the link that confirms the e-mail address of an account',
    description:
      'The answer is the same whether there is such an account or not, and whether its address is confirmed already. ' +
      'The link that was mailed before is of no use any more.',
    access: 'public',
    audit: { action: 'email.resend', resource_type: 'user' },
    body: z.strictObject({ email: Email }),
    example: { email: 'ada@example.org' },
    returns: [202, null],
    problems: [],
    secret: true,
    limit_per_minute: 10,
  },
  verifyEmail: {
    method: 'POST',
    path: '/api/v1/auth/email/verify',
    summary: 'Confirm an e-mail address with the mailed link',
    description:
      'Asks for the password of the account as well, or for a session of it: whoever reads the mail of an address cannot finish ' +
      'what a stranger began with it. ' +
      'What a patient told when they registered becomes part of the record that the hospital has of them already, if it has one.',
    access: 'public',
    audit: { action: 'email.verify', resource_type: 'user' },
    knows_session: true,
    body: EmailConfirmation,
    example: { token: 'owv_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', password: 'violet harbour tractor 61' },
    returns: [204, null],
    problems: [
      tokenInvalid,
      accountExists,
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
} as const satisfies Api
