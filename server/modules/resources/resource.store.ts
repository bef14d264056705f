import { all, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'
import type { ResourceState } from './life-cycle.ts'
import type {
  Availability,
  KindQuery,
  NewResourceRequest,
  Resource,
  ResourceQuery,
  ResourceRequest,
  ResourceType,
} from './resource.contract.ts'

const columns = sql`r.id, r.type, r.name, r.code, r.ward, r.department_id, r.location, r.status, r.lanes, r.free_lanes, r.attributes,
       r.created_at, r.updated_at, r.version`

type Filter = Pick<ResourceQuery, 'type' | 'ward' | 'department_id' | 'status' | 'available'>

function matching({ type, ward, department_id, status, available }: Filter): Sql {
  return all([
    type === undefined ? undefined : sql`r.type = ${type}`,
    ward === undefined ? undefined : sql`r.ward = ${ward}`,
    department_id === undefined ? undefined : sql`r.department_id = ${department_id}`,
    status === undefined ? sql`r.state <> 'retired'` : sql`r.status = ${status}`,
    available === undefined ? undefined : available ? sql`r.free_lanes > 0` : sql`r.free_lanes = 0`,
  ])
}

export function findResources(
  filter: Filter,
  { skip, limit, after }: { skip: number; limit: number; after: string | undefined },
): Sql<Resource> {
  const beyond =
    after === undefined ? undefined : sql`r.code > (select last.code from resources last where last.id = ${after})`
  return sql`
    select ${columns} from resource_board r where ${all([matching(filter), beyond])}
     order by r.code limit ${literal(limit)} offset ${skipped(after ? 0 : skip)}`
}

export function countResources(filter: Filter): Sql<{ total: number }> {
  return sql`select count(*) as total from resource_board r where ${matching(filter)}`
}

export function findResource(id: string): Sql<Resource> {
  return sql`select ${columns} from resource_board r where r.id = ${id}`
}

export function findAvailability({ type, ward }: KindQuery): Sql<Availability> {
  return sql`
    select r.type, r.ward, count(*)::integer as total,
           (count(*) filter (where r.status = 'available'))::integer as available,
           (count(*) filter (where r.status = 'occupied'))::integer as occupied,
           (count(*) filter (where r.status = 'reserved'))::integer as reserved,
           (count(*) filter (where r.status = 'cleaning'))::integer as cleaning,
           (count(*) filter (where r.status = 'maintenance'))::integer as maintenance,
           sum(r.free_lanes)::integer as free_lanes
      from resource_board r where ${matching({ type, ward })} group by r.type, r.ward order by r.type, r.ward nulls first`
}

/** Others of the type that can be had now, those of the ward first. */
export function findFree(
  { id, type, ward }: Pick<LockedResource, 'id' | 'type' | 'ward'>,
  most: number,
): Sql<FreeResource> {
  return sql`
    select r.id, r.code, r.name, r.ward from resource_board r
     where r.type = ${type} and r.id <> ${id} and r.free_lanes > 0
     order by r.ward is not distinct from ${ward} desc, r.code limit ${literal(most)}`
}
export type FreeResource = Pick<Resource, 'id' | 'code' | 'name' | 'ward'>

export function insertResource(id: string, values: NewResourceRequest, created_by: string | undefined): Sql {
  const { type, name, code, ward = null, department_id = null, location = null, lanes, attributes } = values
  return sql`
    insert into resources (id, type, name, code, ward, department_id, location, lanes, attributes, created_by)
    values (${id}, ${type}, ${name}, ${code}, ${ward}, ${department_id}, ${location}, ${lanes}, ${JSON.stringify(attributes)},
            ${created_by ?? null})`
}

export type LockedResource = {
  id: string
  type: ResourceType
  ward: string | null
  state: ResourceState
  lanes: number
  is_bed: boolean
  version: number
}

/** Locked in the order of their ids: whoever takes several waits for others and never deadlocks. */
export function lockResources(ids: readonly string[]): Sql<LockedResource> {
  return sql`
    select id, type, ward, state, lanes, is_bed, version from resources where id = any(${ids}::uuid[]) order by id for update`
}

export function updateResource(id: string, values: ResourceRequest): Sql {
  const { name, code, ward = null, department_id = null, location = null, lanes, attributes } = values
  return sql`
    update resources set name = ${name}, code = ${code}, ward = ${ward}, department_id = ${department_id}, location = ${location},
           lanes = ${lanes}, attributes = ${JSON.stringify(attributes)}, updated_at = now(), version = version + 1
     where id = ${id}`
}

export function updateState(id: string, state: ResourceState): Sql {
  return sql`
    update resources set state = ${state}, retired_at = case when ${state} = 'retired' then now() end, updated_at = now(),
           version = version + 1
     where id = ${id}`
}
