// The addresses of those who hold a permission, for other modules that have something to tell them.
import type { System } from '#platform/context.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { unlessUnreadable } from '#platform/encryption/failures.ts'
import { openProfile, type SealedProfile } from './profiles.ts'

export type Addressee = { user_id: string; email: string }

/**
 * Every active user whose role holds exactly this permission, unless it was taken from them. An account that does not open is
 * logged and left out: what the others are told of must not fail over it.
 */
export async function addressesOf(
  tx: Pick<Tx, 'rows'>,
  { keys, log }: Pick<System, 'keys' | 'log'>,
  permission: string,
): Promise<Addressee[]> {
  const holders = await tx.rows(findHolders(permission))
  return holders.flatMap((holder) =>
    unlessUnreadable(
      () => [{ user_id: holder.id, email: openProfile(keys, holder).email }],
      (error) => {
        log.error({ err: error, user_id: holder.id }, 'an account cannot be opened: its owner is not told')
        return []
      },
    ),
  )
}

function findHolders(permission: string): Sql<SealedProfile> {
  return sql`
    select users.id, users.key_id, users.sealed_profile from users join roles on roles.name = users.role
     where users.is_active and ${permission} = any(roles.permissions)
       and not exists (select from permission_denials where user_id = users.id and permission = ${permission})
     order by users.id`
}
