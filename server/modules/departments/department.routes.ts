import { implement, type Route } from '#platform/http/mount.ts'
import { departmentApi } from './department.contract.ts'
import { changeDepartment, createDepartment, listDepartments, readDepartment } from './department.service.ts'

export function departmentRoutes(): Route[] {
  return implement('departments', departmentApi, {
    list: (ctx) => listDepartments(ctx),
    create: (ctx, { body }) => createDepartment(ctx, body),
    read: (ctx, { params }) => readDepartment(ctx, params.department_id),
    update: (ctx, { params, body }) => changeDepartment(ctx, params.department_id, body),
  })
}
