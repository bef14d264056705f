// The table of docs/roles.md, from the roles that ship and the operations that ask for their permissions.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Operation } from '#platform/contract/operation.ts'
import { root } from './blocks.ts'

export type Role = { name: string; permissions: string[] }

/** In the order in which the rows of the specification name them. */
const columns = ['admin', 'doctor', 'nurse', 'staff', 'patient', 'auditor']

/** Markdown: a row for each permission, with the scope in which each role holds it. */
export function rolesTable(roles: readonly Role[], operations: readonly Operation[]): string {
  const permissions = new Set(
    roles.flatMap((role) => role.permissions.map((one) => one.split(':').slice(0, 2).join(':'))),
  )
  const ordered = columns.map((name) => roles.find((role) => role.name === name))
  const rows = [...permissions].sort().map((permission) => {
    const cells = ordered.map((role) => scopeOf(role, permission))
    return `| \`${permission}\` | ${cells.join(' | ')} | ${isInUse(permission, operations) ? 'yes' : 'not yet'} |`
  })
  return [
    `| permission | ${columns.join(' | ')} | in use |`,
    `| --- |${' --- |'.repeat(columns.length + 1)}`,
    ...rows,
  ].join('\n')
}

function scopeOf(role: Role | undefined, permission: string): string {
  const held = role?.permissions.filter((one) => one === permission || one.startsWith(`${permission}:`)) ?? []
  return held.map((one) => one.split(':')[2] ?? 'all').join(', ')
}

/** What ships for a later version has no operation, and is asked nowhere. */
function isInUse(permission: string, operations: readonly Operation[]): boolean {
  return (
    operations.some(({ access }) => access === permission) || sources.some((text) => text.includes(`'${permission}'`))
  )
}

const sources = globSync('server/{modules,platform}/**/*.ts', { cwd: root })
  .filter((path) => !/\.(test|testing)\.ts$/.test(path))
  .map((path) => readFileSync(join(root, path), 'utf8'))
