import type { Context } from '#platform/context.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import type { Explanation, ExplainReason } from './explain.contract.ts'
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
  const granted = (scope: string) =>
    grants(scope)
      ? `the role ${role} holds ${permission}${scope}`
      : `the role ${role} does not hold ${permission}${scope}`
  const scoped = grants(':own') || grants(':department')
  const mayBreakGlass = permissions.includes('emergency-access:use') && !facts.denied.includes('emergency-access:use')
  const glass = scoped && mayBreakGlass
  /** Why a rule for a scope does not apply where the role does not hold the permission in it. */
  const unless = (scope: string, [reason, because]: Why): Why =>
    grants(scope) ? [reason, because] : ['not_granted', granted(scope)]
  return [
    rule('everyone', grants(''), [grants('') ? 'granted' : 'not_granted', granted('')]),
    rule(
      'own_record',
      grants(':own') && is_own,
      unless(
        ':own',
        is_own ? ['own_record', 'it is their own record'] : ['not_own_record', 'it is not their own record'],
      ),
    ),
    rule(
      'treating_doctor',
      grants(':own') && treats,
      unless(
        ':own',
        treats
          ? ['treats', 'they have an appointment or a visit with the patient']
          : ['does_not_treat', 'they have no appointment or visit with the patient'],
      ),
    ),
    rule(
      'department',
      grants(':department') && in_department,
      unless(
        ':department',
        department_id === null
          ? ['no_department', 'they belong to no department']
          : in_department
            ? ['in_department', 'the patient has an appointment, a visit or a registration in their department']
            : ['not_in_department', 'the patient has no appointment, visit or registration in their department'],
      ),
    ),
    rule(
      'emergency_access',
      glass && emergency_until !== null,
      !glass
        ? ['emergency_not_allowed', `they may not use emergency access for ${permission}`]
        : emergency_until
          ? ['emergency_open', `emergency access is open until ${emergency_until}`]
          : ['emergency_none', 'no emergency access is open'],
    ),
    ...(facts.is_active ? [] : [rule('account', true, ['inactive', 'the account is not active: nothing is allowed'])]),
    ...(facts.denied.includes(permission)
      ? [
          rule('denial', true, [
            'withdrawn',
            `${permission} was withdrawn from this user: that is stronger than any role`,
          ]),
        ]
      : []),
  ]
}

type Why = readonly [reason: ExplainReason, because: string]

function rule(name: string, applies: boolean, [reason, because]: Why): Explanation['rules'][number] {
  return { rule: name, applies, reason, because }
}
