// Who stands behind the ids in a record: whoever wrote, signed or acknowledged something.
import { z } from 'zod'
import { Id } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'

export const mostNames = 100

const Ids = z
  .string()
  .max(mostNames * 37)
  .transform((text) => text.split(','))
  .pipe(z.array(Id).max(mostNames))

export const StaffName = z.object({ id: Id, first_name: z.string(), last_name: z.string() })
export type StaffName = z.output<typeof StaffName>

export const staffNameApi = {
  list: {
    method: 'GET',
    path: '/api/v1/staff/names',
    summary: 'The names of those who wrote, signed or changed something, by their ids',
    description:
      'Of people who work here or did, in the order of their ids. Whoever is none of them is left out: of patients nothing is told here.',
    access: 'patients:read',
    audit: 'none',
    query: z.strictObject({
      ids: Ids.describe(`Ids of users, separated by commas: up to ${mostNames}`).meta({
        type: 'string',
        examples: ['019b0a52-7f3e-7c3c-8a1d-0f4a6f0f2b11'],
      }),
    }),
    returns: [200, z.object({ items: z.array(StaffName) })],
    problems: [],
  },
} as const satisfies Api
