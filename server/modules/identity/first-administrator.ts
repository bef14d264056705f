// The first administrator: made once, when there is no user at all.
import { randomInt, randomUUIDv7 } from 'node:crypto'
import { ConfigurationError } from '#platform/configuration.ts'
import type { System } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import { scopedDatabase } from '#platform/database/transaction.ts'
import { judgePassword } from './new-password.ts'
import { createPasswordHasher } from './passwords.ts'
import { type Profile, profileTokens, sealProfile } from './profiles.ts'
import { findAnyUser, insertUser, insertUserTokens } from './user.store.ts'

/** The generated password is stored nowhere: print it once. It is good for signing in and choosing another. */
export type FirstAdministrator = { username: string; email: string; password: string }

/**
 * Makes the first administrator when there is no user, from the configuration or with a generated password, which
 * is returned. Servers that start together make one administrator.
 * @throws ConfigurationError in production, when the configured password is known or personal
 */
export async function ensureFirstAdministrator(system: System): Promise<FirstAdministrator | undefined> {
  const { configuration, pool, keys } = system
  const database = scopedDatabase(
    pool,
    { enter: () => sql`select openward.enter_as('none')` },
    { audit: (entry) => ({ role: 'system', correlation_id: 'first-start', ...entry }) },
  )
  if (await database.once((tx) => tx.first(findAnyUser()))) return undefined

  const { admin_email = 'admin@openward.invalid', admin_password, production } = configuration
  const profile: Profile = { first_name: 'First', last_name: 'Administrator', email: admin_email, username: 'admin' }
  const refusal =
    admin_password && production
      ? await judgePassword(admin_password, { names: [], emails: [admin_email], mfa: false })
      : undefined
  if (refusal) throw new ConfigurationError([`OPENWARD_ADMIN_PASSWORD is refused: ${refusal.message}`])
  const password = admin_password ?? generatePassword()
  const password_hash = await createPasswordHasher().hashPassword(password)

  const id = randomUUIDv7()
  const is_made = await database.transaction(async (tx) => {
    await tx.run(sql`select pg_advisory_xact_lock(7203441003)`)
    if (await tx.first(findAnyUser())) return false
    const sealed = sealProfile(keys, id, profile)
    // What is printed may be read by others, and stays in scrollbacks and logs.
    const must_change_password = admin_password === undefined
    await tx.run(insertUser({ id, ...sealed, password_hash, role: 'admin', must_change_password }))
    await tx.run(insertUserTokens(id, profileTokens(keys, profile)))
    tx.audit({
      action: 'user.create',
      resource_type: 'user',
      resource_id: id,
      details: { role: 'admin', reason: 'first start' },
    })
    return true
  })
  if (!is_made || admin_password) return undefined
  return { username: profile.username, email: profile.email, password }
}

/** 20 characters of 31, that is 99 random bits, in groups that can be read aloud. */
function generatePassword(): string {
  const alphabet = '23456789abcdefghjkmnpqrstuvwxyz'
  const group = () => Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join('')
  return Array.from({ length: 4 }, group).join('-')
}
