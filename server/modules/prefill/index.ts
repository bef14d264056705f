// Forms that begin with what is known: every module that knows something is asked.
import type { Module } from '#platform/module.ts'
import { prefillRoutes } from './prefill.routes.ts'

export const prefill: Module = { name: 'prefill', open: async () => ({ routes: prefillRoutes() }) }
