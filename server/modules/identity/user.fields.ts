// Members of an account, as every contract of it writes them.
import { z } from 'zod'
import { Text } from '#platform/contract/fields.ts'

/** Compatibility forms are folded before the address is looked at, so that a look-alike is no second address. */
export const Email = z
  .string()
  .max(254)
  .overwrite((text) => text.normalize('NFKC').trim())
  .regex(z.regexes.email, 'Must be an e-mail address such as ada@example.org')
  .meta({ examples: ['ada@example.org'] })

/** No `@`, so that a user name is never taken for somebody's address; left out, the e-mail is the user name. */
export const Username = z
  .string()
  .overwrite((text) => text.normalize('NFKC').trim())
  .regex(/^[\p{L}\p{N}][\p{L}\p{N}._-]{2,63}$/u, 'Must have 3 to 64 letters, digits, dots, hyphens or underscores')
  .meta({ examples: ['ada.lovelace'] })

export const PersonName = Text(100)

/** Length and lists are checked against the person it is for; here only that it is worth checking. */
export const NewPassword = z
  .string()
  .min(1)
  .max(512)
  .describe('15 characters or more, 8 beside a second factor; known passwords are refused')
export const GivenPassword = z.string().min(1).max(1024)
export const Otp = z.string().min(6).max(64).describe('Code of the authenticator app, or a recovery code')
export const OneTimeSecret = z.string().min(1).max(200)
