// Where somebody else is signed in, for those who look after accounts.
import { z } from 'zod'
import { Id } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { notFound } from '#platform/contract/problem.ts'
import { Session } from './session.contract.ts'
import { beyondOwnRights } from './user.contract.ts'

const UserSessions = z.object({ items: z.array(Session) })
export type UserSessions = z.output<typeof UserSessions>

const params = z.strictObject({ user_id: Id })

export const userSessionApi = {
  listSessions: {
    method: 'GET',
    path: '/api/v1/users/{user_id}/sessions',
    summary: 'Where a person is signed in',
    access: 'users:read',
    audit: { action: 'session.list', resource_type: 'user' },
    params,
    returns: [200, UserSessions],
    problems: [notFound],
  },
  endSessions: {
    method: 'DELETE',
    path: '/api/v1/users/{user_id}/sessions',
    summary: 'Sign a person out everywhere',
    access: 'users:update',
    audit: { action: 'session.end_all', resource_type: 'user' },
    params,
    returns: [204, null],
    problems: [notFound, beyondOwnRights],
  },
  endSession: {
    method: 'DELETE',
    path: '/api/v1/users/{user_id}/sessions/{session_id}',
    summary: 'End one session of a person, such as that of a lost device',
    access: 'users:update',
    audit: { action: 'session.end', resource_type: 'session' },
    params: params.extend({ session_id: Id }),
    returns: [204, null],
    problems: [notFound, beyondOwnRights],
  },
} as const satisfies Api
