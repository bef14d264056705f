// Who may reach whose record, and why. The rule itself is row-level security (migrations/0003_access.sql).
import type { Module } from '#platform/module.ts'
import { explainRoutes } from './explain.routes.ts'

export const access: Module = { name: 'access', open: async () => ({ routes: explainRoutes() }) }
