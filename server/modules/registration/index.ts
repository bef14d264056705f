// Registering oneself, which needs both an account and a patient's record.
import type { Module } from '#platform/module.ts'
import { registrationRoutes } from './registration.routes.ts'

export const registration: Module = { name: 'registration', open: async () => ({ routes: registrationRoutes() }) }
