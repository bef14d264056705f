// What an operator may do with accounts at the command line, where nobody is signed in: whoever holds the keys of the
// installation may make any account.
import { randomUUIDv7 } from 'node:crypto'
import { invalidRequest, Problem } from '#platform/contract/problem.ts'
import type { System } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import { scopedDatabase } from '#platform/database/transaction.ts'
import { invite } from './invitations.ts'
import { readProfile } from './profile.service.ts'
import { profileTokens, sealProfile } from './profiles.ts'
import { NewUser } from './user.contract.ts'
import { refuseReferences } from './user.service.ts'
import { insertUser, insertUserTokens } from './user.store.ts'

export type InvitedUser = { id: string; invitation: { link: string; expires_at: string } | null }

/**
 * Makes an account and invites its owner, who is mailed the same link.
 * @throws Problem accountExists; invalidRequest, which names each wrong member
 */
export async function createUserAsOperator(system: System, given: Record<string, unknown>): Promise<InvitedUser> {
  const parsed = NewUser.omit({ password: true }).safeParse(given)
  if (!parsed.success) {
    const errors = parsed.error.issues.map(({ path, code, message }) => ({ path: `/${path.join('/')}`, code, message }))
    throw new Problem(invalidRequest, { errors })
  }
  const { role, department_id = null, ...names } = parsed.data
  const profile = readProfile(names)
  const id = randomUUIDv7()
  const database = scopedDatabase(
    system.pool,
    { enter: () => sql`select openward.enter_as('none')` },
    { audit: (entry) => ({ role: 'system', correlation_id: 'command-line', ...entry }) },
  )
  return database
    .transaction(async (tx) => {
      const known = await tx.first(sql<{ name: string }>`select name from roles where name = ${role}`)
      if (!known) {
        const roles = await tx.rows(sql<{ name: string }>`select name from roles order by name`)
        const message = `There is no such role: the roles are ${roles.map(({ name }) => name).join(', ')}`
        throw new Problem(invalidRequest, { errors: [{ path: '/role', code: 'unknown_role', message }] })
      }
      await tx.run(
        insertUser({ id, ...sealProfile(system.keys, id, profile), password_hash: null, role, department_id }),
      )
      await tx.run(insertUserTokens(id, profileTokens(system.keys, profile)))
      const invitation = await invite(tx, { system }, id, profile.email)
      tx.audit({
        action: 'user.create',
        resource_type: 'user',
        resource_id: id,
        details: { role, invited: invitation !== null, reason: 'command line' },
      })
      tx.emit({ type: 'user.created', subject_type: 'user', subject_id: id, payload: { role } })
      return { id, invitation }
    })
    .catch(refuseReferences)
}
