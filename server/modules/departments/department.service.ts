import { randomUUIDv7 } from 'node:crypto'
import { notFound, Problem, stale } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import { violating } from '#platform/database/constraint.ts'
import { type Department, type DepartmentChange, departmentCodeTaken } from './department.contract.ts'
import { findDepartment, findDepartments, insertDepartment, updateDepartment } from './department.store.ts'

const refused = violating({ departments_code: departmentCodeTaken })

export async function listDepartments(ctx: Context): Promise<{ items: Department[] }> {
  return { items: await ctx.database.once((tx) => tx.rows(findDepartments())) }
}

/** @throws Problem notFound */
export async function readDepartment(ctx: Context, id: string): Promise<Department> {
  const department = await ctx.database.once((tx) => tx.first(findDepartment(id)))
  if (!department) throw new Problem(notFound)
  return department
}

/** @throws Problem departmentCodeTaken */
export async function createDepartment(ctx: Context, given: Pick<Department, 'name' | 'code'>): Promise<Department> {
  const id = randomUUIDv7()
  const made = await ctx.database
    .once((tx) => {
      tx.audit({ action: 'department.create', resource_type: 'department', resource_id: id })
      return tx.one(insertDepartment(id, given))
    })
    .catch(refused)
  ctx.header('location', `/api/v1/departments/${id}`)
  return made
}

/** @throws Problem notFound, stale, departmentCodeTaken */
export async function changeDepartment(ctx: Context, id: string, change: DepartmentChange): Promise<Department> {
  return ctx.database
    .transaction(async (tx) => {
      const changed = await tx.first(updateDepartment(id, ctx.if_match, change))
      if (!changed) throw new Problem((await tx.first(findDepartment(id))) ? stale : notFound)
      const fields = Object.entries(change).flatMap(([field, value]) => (value === undefined ? [] : [field]))
      tx.audit({ action: 'department.update', resource_type: 'department', resource_id: id, details: { fields } })
      return changed
    })
    .catch(refused)
}
