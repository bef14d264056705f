import { randomUUIDv7 } from 'node:crypto'
import { type Context, reachOf } from '#platform/context.ts'
import { decodeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { forbidden, notFound, Problem, stale } from '#platform/contract/problem.ts'
import { violating } from '#platform/database/constraint.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { departmentUnknown } from '../doctors/doctor.contract.ts'
import { stateOf, transitions, transitionsOfOccupied } from './life-cycle.ts'
import {
  type Availability,
  invalidResourceStatus,
  type KindQuery,
  lanesInUse,
  type NewResourceRequest,
  type Resource,
  resourceCodeTaken,
  resourceOccupied,
  type ResourceQuery,
  type ResourceRequest,
  resourceReserved,
  type SettableStatus,
} from './resource.contract.ts'
import {
  countResources,
  findAvailability,
  findResource,
  findResources,
  insertResource,
  type LockedResource,
  lockResources,
  updateResource,
  updateState,
} from './resource.store.ts'

const refused = violating({
  resources_code: resourceCodeTaken,
  resources_department: departmentUnknown,
  resources_lanes_in_use: lanesInUse,
  resources_reserved: resourceReserved,
  resource_assignments_held: resourceOccupied,
})

/** @throws Problem resourceCodeTaken, departmentUnknown */
export async function createResource(ctx: Context, request: NewResourceRequest): Promise<Resource> {
  const id = randomUUIDv7()
  const made = await ctx.database
    .once(async (tx) => {
      tx.audit({ action: 'resource.create', resource_type: 'resource', resource_id: id })
      tx.emit({ type: 'resource.created', subject_type: 'resource', subject_id: id })
      const [, resource] = await Promise.all([
        tx.run(insertResource(id, request, ctx.actor.user_id)),
        tx.first(findResource(id)),
      ])
      return resource
    })
    .catch(refused)
  if (!made) throw new Error('a resource was not stored')
  ctx.header('location', `/api/v1/resources/${id}`)
  return made
}

/** @throws Problem notFound */
export async function getResource(ctx: Context, id: string): Promise<Resource> {
  const resource = await ctx.database.once((tx) => tx.first(findResource(id)))
  if (!resource) throw new Problem(notFound)
  return resource
}

export async function listResources(ctx: Context, query: ResourceQuery) {
  const { skip, limit } = query
  const after = decodeCursor(query.cursor)
  const [items, counted] = await ctx.database.once((tx) =>
    Promise.all([tx.rows(findResources(query, { skip, limit, after })), tx.first(countResources(query))]),
  )
  return {
    items,
    total: counted?.total ?? 0,
    page: Math.floor(skip / limit) + 1,
    limit,
    next_cursor: items.length === limit ? encodeCursor(items.at(-1)?.id) : null,
  }
}

export async function getAvailability(ctx: Context, query: KindQuery): Promise<{ items: Availability[] }> {
  return { items: await ctx.database.read(findAvailability(query)) }
}

/** @throws Problem notFound, stale, resourceCodeTaken, departmentUnknown, lanesInUse */
export function replaceResource(ctx: Context, id: string, request: ResourceRequest): Promise<Resource> {
  return ctx.database
    .transaction(async (tx) => {
      const { before } = await lockAsRead(ctx, tx, id)
      const fields = (Object.keys(request) as (keyof ResourceRequest)[]).filter(
        (name) => JSON.stringify(request[name] ?? null) !== JSON.stringify(before[name]),
      )
      tx.audit({ action: 'resource.update', resource_type: 'resource', resource_id: id, details: { fields } })
      tx.emit({ type: 'resource.updated', subject_type: 'resource', subject_id: id, payload: { fields } })
      const [, after] = await Promise.all([tx.run(updateResource(id, request)), tx.first(findResource(id))])
      return after ?? before
    })
    .catch(refused)
}

/** @throws Problem notFound, stale, forbidden, invalidResourceStatus, resourceOccupied, resourceReserved */
export async function setStatus(ctx: Context, id: string, status: SettableStatus): Promise<Resource> {
  if (status === 'retired') assertManages(ctx)
  return ctx.database
    .transaction(async (tx) => {
      const { before, locked } = await lockAsRead(ctx, tx, id)
      const isOccupied = before.status === 'occupied'
      // Asked again for what it is: nothing to do, and nothing to refuse.
      if (!isOccupied && locked.state === stateOf[status]) return before
      if (locked.state === 'retired') assertManages(ctx)
      const allowed = (isOccupied ? transitionsOfOccupied : transitions)[locked.state]
      if (!allowed.includes(status)) {
        throw new Problem(isOccupied ? resourceOccupied : invalidResourceStatus, {
          ...(isOccupied ? {} : { detail: `From ${before.status} a resource goes to ${allowed.join(' or ')}` }),
          allowed,
        })
      }
      const [, after = before] = await Promise.all([
        tx.run(updateState(id, stateOf[status])),
        tx.first(findResource(id)),
      ])
      const details = { from_status: before.status, to_status: after.status }
      tx.audit({ action: 'resource.set_status', resource_type: 'resource', resource_id: id, details })
      tellStatus(tx, after)
      return after
    })
    .catch(refused)
}

/** Tells boards, which know nothing of whom. */
export function tellStatus(tx: Tx, { id, type, ward, status, free_lanes }: Resource) {
  tx.emit({
    type: 'resource.status_changed',
    subject_type: 'resource',
    subject_id: id,
    payload: { type, ward, status, free_lanes },
  })
}

function assertManages(ctx: Context) {
  if (reachOf(ctx.actor, 'resources:write') === undefined) {
    throw new Problem(forbidden, {
      detail: 'Retiring a resource, and taking it back, is for those who manage resources',
    })
  }
}

/** The resource, held until the change commits, for somebody who has read this version. */
async function lockAsRead(ctx: Context, tx: Tx, id: string): Promise<{ before: Resource; locked: LockedResource }> {
  const [locked, before] = await Promise.all([tx.first(lockResources([id])), tx.first(findResource(id))])
  if (!locked || !before) throw new Problem(notFound)
  if (ctx.if_match !== undefined && ctx.if_match !== locked.version) throw new Problem(stale)
  return { before, locked }
}
