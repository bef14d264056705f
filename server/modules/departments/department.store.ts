import { type Sql, sql } from '#platform/database/sql.ts'
import type { Department, DepartmentChange } from './department.contract.ts'

const columns = sql`id, name, code, is_active, created_at, updated_at, version`

export function findDepartments(): Sql<Department> {
  return sql`select ${columns} from departments order by name, id`
}

export function findDepartment(id: string): Sql<Department> {
  return sql`select ${columns} from departments where id = ${id}`
}

export function insertDepartment(id: string, { name, code }: Pick<Department, 'name' | 'code'>): Sql<Department> {
  return sql`insert into departments (id, name, code) values (${id}, ${name}, ${code}) returning ${columns}`
}

/** No row when there is no such department, or not in this version. */
export function updateDepartment(
  id: string,
  version: number | undefined,
  { name, code, is_active }: DepartmentChange,
): Sql<Department> {
  return sql`
    update departments set name = coalesce(${name ?? null}, name), code = coalesce(${code ?? null}, code),
           is_active = coalesce(${is_active ?? null}, is_active), updated_at = now(), version = version + 1
     where id = ${id} and (${version ?? null}::int is null or version = ${version ?? null})
    returning ${columns}`
}
