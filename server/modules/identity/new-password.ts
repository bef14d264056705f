// Accepting a new password: checked against the person, hashed, and told which member of the request it was.
import { invalidRequest, Problem } from '#platform/contract/problem.ts'
import type { Identity } from './identity.ts'
import type { PasswordOwner, PasswordRefusal } from './password-blocklist.ts'
import type { Profile } from './profiles.ts'

/** As `checkPassword`; the list of known passwords is read when there is one to check, which few processes ever have. */
export async function judgePassword(password: string, owner: PasswordOwner): Promise<PasswordRefusal | undefined> {
  const { checkPassword } = await import('./password-blocklist.ts')
  return checkPassword(password, owner)
}

/**
 * The hash of a password that this person may have. `member` is its name in the body.
 * @throws Problem invalidRequest, which says why and never repeats it; overloaded
 */
export async function hashNewPassword(
  { hasher }: Pick<Identity, 'hasher'>,
  password: string,
  profile: Profile,
  { mfa, member }: { mfa: boolean; member: string },
): Promise<string> {
  const { first_name, last_name, username, email } = profile
  const refusal = await judgePassword(password, { names: [first_name, last_name, username], emails: [email], mfa })
  if (refusal) throw new Problem(invalidRequest, { errors: [{ path: `/body/${member}`, ...refusal }] })
  return hasher.hashPassword(password)
}
