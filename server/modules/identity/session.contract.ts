// The session: who am I. (Sign-in and its kin follow.)
import { z } from 'zod'
import { Id } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'

export const CurrentUser = z.object({
  id: Id,
  role: z.string(),
  permissions: z.array(z.string()),
  department_id: Id.nullable(),
  doctor_id: Id.nullable(),
  patient_id: Id.nullable(),
})
export type CurrentUser = z.output<typeof CurrentUser>

export const sessionApi = {
  me: {
    method: 'GET',
    path: '/api/v1/auth/me',
    summary: 'Who am I, and what may I do',
    access: 'signed_in',
    audit: 'none',
    returns: [200, CurrentUser],
    problems: [],
  },
} as const satisfies Api
