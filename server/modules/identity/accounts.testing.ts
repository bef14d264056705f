// For tests: accounts with passwords, as the database holds them.
import { randomUUIDv7 } from 'node:crypto'
import { sql } from '#platform/database/sql.ts'
import { openLetter } from '#platform/mail/queue.ts'
import type { TestApi } from '../../testing.ts'
import { loginApi } from './login.contract.ts'
import { createPasswordHasher } from './passwords.ts'
import { profileTokens, sealProfile } from './profiles.ts'
import { newRecoveryCodes } from './recovery-codes.ts'
import { replaceRecoveryCodes, sealTotp } from './second-factor.ts'
import { newTotpSecret } from './totp.ts'
import { insertUser, insertUserTokens } from './user.store.ts'

export const testPassword = 'violet harbour tractor 61'
const hasher = createPasswordHasher()
const hashed = hasher.hashPassword(testPassword)

export type TestAccount = {
  id: string
  email: string
  username: string
  password: string
  totp_secret: string
  recovery_codes: string[]
}
export type TestAccountOptions = {
  role?: string
  email?: string
  username?: string
  mfa?: boolean
  is_active?: boolean
  verified?: boolean
  department_id?: string
}

/** An account whose password is `testPassword`. */
export async function testAccount(api: TestApi, options: TestAccountOptions = {}): Promise<TestAccount> {
  const id = randomUUIDv7()
  const email = options.email ?? `${id}@example.test`
  const username = options.username ?? email
  const profile = { first_name: 'Ada', last_name: 'Tester', email, username }
  const sealed = sealProfile(api.system.keys, id, profile)
  const totp_secret = newTotpSecret()
  const recovery_codes = newRecoveryCodes()
  const password_hash = await hashed
  await api.database.transaction(async (tx) => {
    await tx.run(
      insertUser({
        id,
        ...sealed,
        password_hash,
        role: options.role ?? 'nurse',
        is_active: options.is_active ?? true,
        department_id: options.department_id ?? null,
        email_verified: options.verified ?? true,
      }),
    )
    await tx.run(insertUserTokens(id, profileTokens(api.system.keys, profile)))
    if (!options.mfa) return
    const totp = sealTotp(api.system.keys, { id, key_id: sealed.key_id }, totp_secret)
    await tx.run(sql`update users set mfa_enabled = true, sealed_totp = ${totp} where id = ${id}`)
    await replaceRecoveryCodes(tx, id, recovery_codes)
  })
  return { id, email, username, password: testPassword, totp_secret, recovery_codes }
}

/** The text of the newest message to this address, as it was queued; the token behind `#` in it. */
export async function newestMail(
  api: TestApi,
  to: string,
): Promise<{ subject: string; text: string; token: string } | undefined> {
  const rows = await api.rows(
    sql<{
      id: string
      key_id: string
      sealed_message: Buffer
    }>`select id, key_id, sealed_message from mails order by id desc`,
  )
  const letter = rows.map((row) => openLetter(api.system.keys, row)).find((one) => one.to === to)
  return letter && { ...letter, token: /#(\S+)/.exec(letter.text)?.[1] ?? '' }
}

/** Signs in, and makes the sign-in old where asked. */
export async function signedInAs(
  api: TestApi,
  { email, id }: Pick<TestAccount, 'email' | 'id'>,
  { minutes_ago = 0, otp }: { minutes_ago?: number; otp?: string } = {},
) {
  const tokens = await api.call(loginApi.login, {
    body: { username: email, password: testPassword, ...(otp ? { otp } : {}) },
  })
  if (minutes_ago > 0)
    await api.rows(
      sql`update sessions set authenticated_at = now() - ${minutes_ago} * interval '1 minute' where user_id = ${id}`,
    )
  return { ...tokens, refresh_token: tokens.refresh_token ?? '', headers: bearer(tokens.access_token) }
}

/** The headers that make a call as the holder of this access token. */
export function bearer(access_token: string): { authorization: string } {
  return { authorization: `Bearer ${access_token}` }
}
