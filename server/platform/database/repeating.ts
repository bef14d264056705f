// What PostgreSQL refuses because of others, and may take when it is asked once more: a serialization failure, a deadlock.
import { setTimeout as wait } from 'node:timers/promises'
import { isDatabaseError } from './connection.ts'

export const mostRepeats = 3

export function isRepeatable(error: unknown): boolean {
  return isDatabaseError(error) && (error.code === '40001' || error.code === '40P01')
}

/** Not all at once again. */
export const beforeRepeat = (repeat: number) => wait(repeat * 5 + Math.random() * 20)
