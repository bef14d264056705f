import { implement, type Route } from '#platform/http/mount.ts'
import type { Identity } from './identity.ts'
import { inviteAgain } from './invitations.ts'
import { userApi } from './user.contract.ts'
import { listAccess, listUsers, readUser } from './user-directory.service.ts'
import {
  approveUser,
  createUser,
  deactivateUser,
  removeMfa,
  reviewAccess,
  startReset,
  unlockAccount,
  updateUser,
} from './user.service.ts'

export function userRoutes(identity: Identity): Route[] {
  return implement('users', userApi, {
    list: (ctx, { query }) => listUsers(ctx, query),
    create: (ctx, { body }) => createUser(ctx, identity, body),
    read: (ctx, { params }) => readUser(ctx, params.user_id),
    update: (ctx, { params, body }) => updateUser(ctx, params.user_id, body),
    deactivate: (ctx, { params }) => deactivateUser(ctx, params.user_id),
    approve: (ctx, { params }) => approveUser(ctx, params.user_id),
    unlock: (ctx, { params }) => unlockAccount(ctx, params.user_id),
    invite: (ctx, { params }) => inviteAgain(ctx, params.user_id),
    startReset: (ctx, { params }) => startReset(ctx, identity, params.user_id),
    removeMfa: (ctx, { params }) => removeMfa(ctx, params.user_id),
    accessReview: (ctx, { query }) => listAccess(ctx, query),
    review: (ctx, { params, body }) => reviewAccess(ctx, params.user_id, body.verdict),
  })
}
