// The modules that this process can serve, in the order in which they may depend on each other.
import type { Module } from '#platform/module.ts'
import { identity } from '#modules/identity'

export const modules: readonly Module[] = [identity]
