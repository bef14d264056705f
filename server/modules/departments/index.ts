// The departments of the house.
import type { Module } from '#platform/module.ts'
import { departmentRoutes } from './department.routes.ts'

export const departments: Module = { name: 'departments', open: async () => ({ routes: departmentRoutes() }) }
