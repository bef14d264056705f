// The departments of the house.
import { z } from 'zod'
import { Id, Instant, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, notFound } from '#platform/contract/problem.ts'

export const departmentCodeTaken = defineProblem('department_code_taken', 409, 'Another department has this code')

export const Department = z.object({
  id: Id,
  name: z.string(),
  code: z.string(),
  is_active: z.boolean(),
  created_at: Instant,
  updated_at: Instant,
  version: z.int(),
})
export type Department = z.output<typeof Department>

const Code = z
  .string()
  .regex(/^[A-Z0-9][A-Z0-9-]{0,19}$/, 'Must have 1 to 20 capital letters, digits or hyphens')
  .meta({ examples: ['CARD'] })

export const NewDepartment = z.strictObject({ name: Text(100), code: Code })
export const DepartmentChange = z.strictObject({
  name: Text(100).optional(),
  code: Code.optional(),
  is_active: z.boolean().optional(),
})
export type DepartmentChange = z.output<typeof DepartmentChange>

const params = z.strictObject({ department_id: Id })

export const departmentApi = {
  list: {
    method: 'GET',
    path: '/api/v1/departments',
    summary: 'The departments, by name',
    access: 'signed_in',
    audit: 'none',
    returns: [200, z.object({ items: z.array(Department) })],
    problems: [],
  },
  create: {
    method: 'POST',
    path: '/api/v1/departments',
    summary: 'Open a department',
    access: 'departments:write',
    audit: { action: 'department.create', resource_type: 'department' },
    body: NewDepartment,
    example: { name: 'Cardiology', code: 'CARD' },
    returns: [201, Department],
    problems: [departmentCodeTaken],
    versioned: true,
  },
  read: {
    method: 'GET',
    path: '/api/v1/departments/{department_id}',
    summary: 'A department',
    access: 'signed_in',
    audit: 'none',
    params,
    returns: [200, Department],
    problems: [notFound],
    versioned: true,
  },
  update: {
    method: 'PATCH',
    path: '/api/v1/departments/{department_id}',
    summary: 'Rename a department, or close and reopen it',
    access: 'departments:write',
    audit: { action: 'department.update', resource_type: 'department' },
    params,
    body: DepartmentChange,
    accepts: 'merge_patch',
    example: { name: 'Cardiology and vessels' },
    returns: [200, Department],
    problems: [notFound, departmentCodeTaken],
    versioned: true,
  },
} as const satisfies Api
