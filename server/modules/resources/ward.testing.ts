// For tests: beds and devices with codes that nobody else has.
import { randomInt } from 'node:crypto'
import type { Person } from '../../testing.ts'
import { type NewResourceRequest, type Resource, resourceApi } from './resource.contract.ts'

export const newCode = () =>
  `T-${randomInt(2 ** 40)
    .toString(36)
    .toUpperCase()}`

/** Made by somebody who may. */
export function makeResource(
  maker: Person,
  { type = 'bed', ...rest }: Partial<NewResourceRequest> = {},
): Promise<Resource> {
  const code = newCode()
  return maker.call(resourceApi.create, { body: { type, name: `Test ${code}`, code, ...rest } })
}
