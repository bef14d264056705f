// Every kind of problem that a contract declares, read from the contracts themselves.
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ProblemKind } from '#platform/contract/problem.ts'
import { root } from './blocks.ts'

const files = globSync(['server/modules/**/*.contract.ts', 'server/platform/contract/problem.ts'], { cwd: root }).sort()

/** By code, in the order of the alphabet. */
export async function declaredProblems(): Promise<Map<string, ProblemKind>> {
  const modules = await Promise.all(
    files.map(async (file) => (await import(pathToFileURL(join(root, file)).href)) as Record<string, unknown>),
  )
  const kinds = modules.flatMap((module) => Object.values(module).filter(isProblemKind))
  return new Map(kinds.map((kind) => [kind.code, kind] as const).sort(([one], [other]) => one.localeCompare(other)))
}

function isProblemKind(value: unknown): value is ProblemKind {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).sort().join() === ['code', 'status', 'title'].join()
  )
}
