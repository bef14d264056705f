// What changes an account's protection is asked for again: the password or the external sign-in, within five minutes.
import type { Context } from '#platform/context.ts'
import { Problem } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { reauthRequired } from './session.contract.ts'

/** @throws Problem reauthRequired when this session was last proven more than five minutes ago */
export async function requireRecentSignIn(tx: Tx, { actor }: Context): Promise<void> {
  const recent = await tx.first(sql`
    select from sessions where id = ${actor.session_id} and authenticated_at > clock_timestamp() - interval '5 minutes'`)
  if (!recent) throw new Problem(reauthRequired)
}
