// Resources: beds, rooms and equipment, what state they are in, and what is free.
import { z } from 'zod'
import { departmentUnknown } from '../doctors/doctor.contract.ts'
import { Id, Instant, ListOf, Page, QueryBoolean, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, forbidden, notFound } from '#platform/contract/problem.ts'

export const ResourceType = z.enum(['bed', 'icu_bed', 'room', 'operating_room', 'ventilator', 'equipment', 'ambulance'])
export type ResourceType = z.output<typeof ResourceType>

export const ResourceStatus = z.enum(['available', 'occupied', 'reserved', 'cleaning', 'maintenance', 'retired'])
export type ResourceStatus = z.output<typeof ResourceStatus>

/** What people set. The others are consequences of assignments and reservations. */
export const SettableStatus = z.enum(['available', 'cleaning', 'maintenance', 'retired'])
export type SettableStatus = z.output<typeof SettableStatus>

const mostAttributes = 16
/** Small facts such as `{"oxygen": true, "max_weight_kg": 250}`. */
const Attributes = z
  .record(
    z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'Must be lower-case letters, digits and _'),
    z.union([Text(200, 0), z.number(), z.boolean()]),
  )
  .refine(
    (attributes) => Object.keys(attributes).length <= mostAttributes,
    `Must have ${mostAttributes} members at most`,
  )

export const Resource = z.object({
  id: Id,
  type: ResourceType,
  name: z.string(),
  code: z.string(),
  ward: z.string().nullable(),
  department_id: Id.nullable(),
  location: z.string().nullable(),
  status: ResourceStatus.describe('`occupied` while anybody has it, `reserved` while a reservation runs'),
  lanes: z.int().describe('How many it holds at once'),
  free_lanes: z.int().describe('How many can be assigned now'),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  created_at: Instant,
  updated_at: Instant,
  version: z.int(),
})
export type Resource = z.output<typeof Resource>

const description = {
  name: Text(120),
  code: z
    .string()
    .regex(/^[A-Z0-9][A-Z0-9._-]{0,31}$/, 'Must be 1 to 32 capital letters, digits, dots, dashes or underscores')
    .describe('What stands on the door or the label'),
  ward: Text(80).nullish(),
  department_id: Id.nullish(),
  location: Text(200).nullish(),
  lanes: z.int().min(1).max(8).default(1).describe("A cot beside the mother's bed makes two"),
  attributes: Attributes.default({}).describe('Facts about the thing, never about a person'),
}
/** A resource of another type is another resource. */
export const ResourceRequest = z.strictObject(description)
export type ResourceRequest = z.output<typeof ResourceRequest>
export const NewResourceRequest = z.strictObject({ type: ResourceType, ...description })
export type NewResourceRequest = z.output<typeof NewResourceRequest>

const Kind = { type: ResourceType.optional(), ward: Text(80).optional() }
export const ResourceQuery = z.strictObject({
  ...Page,
  ...Kind,
  department_id: Id.optional(),
  status: ResourceStatus.optional(),
  available: QueryBoolean.optional().describe('true: has a lane that can be assigned now'),
})
export type ResourceQuery = z.output<typeof ResourceQuery>

export const KindQuery = z.strictObject(Kind)
export type KindQuery = z.output<typeof KindQuery>

export const Availability = z.object({
  type: ResourceType,
  ward: z.string().nullable(),
  total: z.int().describe('Without the retired ones'),
  available: z.int(),
  occupied: z.int(),
  reserved: z.int(),
  cleaning: z.int(),
  maintenance: z.int(),
  free_lanes: z.int(),
})
export type Availability = z.output<typeof Availability>

export const resourceCodeTaken = defineProblem('resource_code_taken', 409, 'Another resource has this code')
export const invalidResourceStatus = defineProblem(
  'invalid_resource_status',
  409,
  'The resource cannot go from its status to that one: allowed names where it can go',
)
export const resourceOccupied = defineProblem(
  'resource_occupied',
  409,
  'Somebody has this resource: transfer or release it first',
)
export const resourceReserved = defineProblem(
  'resource_reserved',
  409,
  'This resource is reserved for later: cancel its reservations first',
)
export const lanesInUse = defineProblem(
  'lanes_in_use',
  409,
  'A lane that would go is in use or reserved: release it or cancel the reservation first',
)

const audited = (action: string) => ({ action: `resource.${action}`, resource_type: 'resource' }) as const
const params = z.strictObject({ resource_id: Id })
const example = {
  name: 'Bed 12, window',
  code: 'W3-12',
  ward: 'Ward 3',
  location: 'Main building, floor 3',
  attributes: { oxygen: true },
}

export const resourceApi = {
  create: {
    method: 'POST',
    path: '/api/v1/resources',
    summary: 'Take a bed, a room or a device into use',
    access: 'resources:write',
    audit: audited('create'),
    body: NewResourceRequest,
    returns: [201, Resource],
    versioned: true,
    problems: [resourceCodeTaken, departmentUnknown],
    example: { type: 'bed', ...example },
  },
  list: {
    method: 'GET',
    path: '/api/v1/resources',
    summary: 'Beds, rooms and equipment with their status of this moment',
    description: 'Sorted by code. Retired ones are listed where `status=retired` asks for them.',
    access: 'resources:assign',
    audit: 'none',
    query: ResourceQuery,
    returns: [200, ListOf(Resource)],
    problems: [],
  },
  availability: {
    method: 'GET',
    path: '/api/v1/resources/availability',
    summary: 'How many are free, by type and ward',
    access: 'resources:assign',
    audit: 'none',
    query: KindQuery,
    returns: [200, z.object({ items: z.array(Availability) })],
    problems: [],
    background: true,
  },
  get: {
    method: 'GET',
    path: '/api/v1/resources/{resource_id}',
    summary: 'One resource',
    access: 'resources:assign',
    audit: 'none',
    params,
    returns: [200, Resource],
    versioned: true,
    problems: [notFound],
  },
  replace: {
    method: 'PUT',
    path: '/api/v1/resources/{resource_id}',
    summary: 'Describe a resource anew',
    description:
      'The type stays: a resource of another type is another resource. The status has an address of its own.',
    access: 'resources:write',
    audit: audited('update'),
    params,
    body: ResourceRequest,
    returns: [200, Resource],
    versioned: true,
    problems: [notFound, resourceCodeTaken, departmentUnknown, lanesInUse],
    example,
  },
  setStatus: {
    method: 'PUT',
    path: '/api/v1/resources/{resource_id}/status',
    summary: 'Mark a resource clean, to be cleaned, in maintenance or retired',
    description:
      'Whoever assigns marks it clean. Retiring, and taking back what was retired, asks for resources:write. What is occupied or reserved follows from assignments and reservations.',
    access: 'resources:assign',
    audit: audited('set_status'),
    params,
    body: z.strictObject({ status: SettableStatus }),
    returns: [200, Resource],
    versioned: true,
    problems: [notFound, forbidden, invalidResourceStatus, resourceOccupied, resourceReserved],
    example: { status: 'available' },
  },
} as const satisfies Api
