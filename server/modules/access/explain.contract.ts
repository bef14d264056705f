// Why a person may, or may not, see a record.
import { z } from 'zod'
import { Id } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { notFound } from '#platform/contract/problem.ts'

export const ExplainQuery = z.strictObject({
  user_id: Id,
  patient_id: Id,
  permission: z
    .string()
    .regex(/^[a-z-]+:[a-z-]+$/, 'Must be resource:action, such as patients:read')
    .default('patients:read'),
})

export const ExplainReason = z.enum([
  'granted',
  'not_granted',
  'own_record',
  'not_own_record',
  'treats',
  'does_not_treat',
  'in_department',
  'not_in_department',
  'no_department',
  'emergency_open',
  'emergency_none',
  'emergency_not_allowed',
  'inactive',
  'withdrawn',
])
export type ExplainReason = z.output<typeof ExplainReason>

export const Explanation = z.object({
  is_allowed: z.boolean(),
  user_id: Id,
  patient_id: Id,
  role: z.string(),
  permission: z.string(),
  rules: z
    .array(
      z.object({
        rule: z.string(),
        applies: z.boolean(),
        reason: ExplainReason.describe('What `because` says, as a code'),
        because: z.string(),
      }),
    )
    .describe('Every rule that could let the person in; one that applies is enough, unless access is withdrawn'),
})
export type Explanation = z.output<typeof Explanation>

export const explainApi = {
  explain: {
    method: 'GET',
    path: '/api/v1/authz/explain',
    summary: 'Which rule lets, or does not let, a person see a record',
    access: 'access:explain',
    audit: { action: 'access.explain', resource_type: 'user' },
    query: ExplainQuery,
    returns: [200, Explanation],
    problems: [notFound],
  },
} as const satisfies Api
