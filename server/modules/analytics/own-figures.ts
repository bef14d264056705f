// Whose figures somebody may see: everybody's, or a doctor their own.
import type { Context } from '#platform/context.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import { figuresOfAll } from './analytics.contract.ts'

/** The doctor to count, undefined for all. @throws Problem notFound where that is not theirs to know */
export function countedDoctor({ actor, reach }: Context, asked: string | undefined): string | undefined {
  if (reach === 'all') return asked
  const { doctor_id } = actor
  if (doctor_id === undefined || (asked !== undefined && asked !== doctor_id)) throw new Problem(notFound)
  return doctor_id
}

/** @throws Problem figuresOfAll */
export function requireEveryone({ reach }: Context): void {
  if (reach !== 'all') throw new Problem(figuresOfAll)
}
