import type { Context } from '#platform/context.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import type { Explanation } from './explain.contract.ts'
import { type AccessFacts, findAccessFacts } from './explain.store.ts'

/** @throws Problem notFound when there is no such user or patient */
export async function explainAccess(
  ctx: Context,
  query: { user_id: string; patient_id: string; permission: string },
): Promise<Explanation> {
  const facts = await ctx.database.once((tx) => tx.first(findAccessFacts(query.user_id, query.patient_id)))
  if (!facts) throw new Problem(notFound)
  ctx.saw({ resource_id: query.user_id, patient_id: query.patient_id })
  const rules = rulesOf(facts, query.permission)
  const isWithdrawn = !facts.is_active || facts.denied.includes(query.permission)
  return {
    ...query,
    role: facts.role,
    rules,
    is_allowed: !isWithdrawn && rules.some(({ rule, applies }) => applies && !withdrawals.has(rule)),
  }
}

const withdrawals = new Set(['account', 'denial'])

/** The rules of row-level security in words, each with what it found. */
export function rulesOf(facts: AccessFacts, permission: string): Explanation['rules'] {
  const { role, permissions, is_own, treats, in_department, emergency_until, department_id } = facts
  const grants = (scope: string) => permissions.includes(`${permission}${scope}`)
  const granted = (scope: string, words: string) =>
    grants(scope)
      ? `the role ${role} holds ${permission}${scope}`
      : `the role ${role} does not hold ${permission}${scope}${words}`
  const scoped = grants(':own') || grants(':department')
  const mayBreakGlass = permissions.includes('emergency-access:use') && !facts.denied.includes('emergency-access:use')
  const glass = scoped && mayBreakGlass
  return [
    { rule: 'everyone', applies: grants(''), because: granted('', '') },
    {
      rule: 'own_record',
      applies: grants(':own') && is_own,
      because: !grants(':own') ? granted(':own', '') : is_own ? 'it is their own record' : 'it is not their own record',
    },
    {
      rule: 'treating_doctor',
      applies: grants(':own') && treats,
      because: !grants(':own')
        ? granted(':own', '')
        : treats
          ? 'they have an appointment or a visit with the patient'
          : 'they have no appointment or visit with the patient',
    },
    {
      rule: 'department',
      applies: grants(':department') && in_department,
      because: !grants(':department')
        ? granted(':department', '')
        : department_id === null
          ? 'they belong to no department'
          : in_department
            ? 'the patient has an appointment, a visit or a registration in their department'
            : 'the patient has no appointment, visit or registration in their department',
    },
    {
      rule: 'emergency_access',
      applies: glass && emergency_until !== null,
      because: !glass
        ? `they may not use emergency access for ${permission}`
        : emergency_until
          ? `emergency access is open until ${emergency_until}`
          : 'no emergency access is open',
    },
    ...(facts.is_active
      ? []
      : [{ rule: 'account', applies: true, because: 'the account is not active: nothing is allowed' }]),
    ...(facts.denied.includes(permission)
      ? [
          {
            rule: 'denial',
            applies: true,
            because: `${permission} was withdrawn from this user: that is stronger than any role`,
          },
        ]
      : []),
  ]
}
