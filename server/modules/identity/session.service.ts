import type { Context } from '#platform/context.ts'
import { Problem, unauthenticated } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import type { CurrentUser } from './session.contract.ts'

/** The signed-in user. The empty statement makes the database confirm that the session lives. */
export async function findCurrentUser(ctx: Context): Promise<CurrentUser> {
  await ctx.database.once((tx) => tx.run(sql`select 1`))
  const { user_id, role, permissions, department_id, doctor_id, patient_id } = ctx.actor
  if (!user_id || !role) throw new Problem(unauthenticated)
  return {
    id: user_id,
    role,
    permissions: [...permissions],
    department_id: department_id ?? null,
    doctor_id: doctor_id ?? null,
    patient_id: patient_id ?? null,
  }
}
