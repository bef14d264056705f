// A row of the matrix, and the few shapes that most of them have.
import type { Person } from '../../server/testing.ts'
import { type Actor, actors, type Subject, type World } from './world.ts'

export type Verdict = 'ok' | 401 | 403 | 404
export type Asked = {
  query?: Record<string, string>
  body?: unknown
  params?: Record<string, string>
  headers?: Record<string, string>
  raw?: string
}
export type Row = {
  operation: string
  /** What sets this row apart from others of the same operation. */
  when?: string
  expect: Record<Actor, Verdict>
  ask?: (subject: Subject, person: Person | undefined) => Asked
  /** What the administrator does before each allowed request. */
  prepare?: (subject: Subject, world: World) => Promise<void>
  /** Refusals of the ok class whose status is not 409, 410, 412 or 422. */
  also?: number[]
  /** Finding is not opening: the answer may name patients out of reach. */
  finds?: boolean
  /** Why nobody gets a success here, where that is so. */
  never_succeeds?: string
  /** Audit entries of one success, where it is not the one that the contract names. */
  entries?: number | 'when its job ends'
}

/** Strangers are asked who they are, everyone else is told that their role does not allow it; but for those named. */
export function only(ok: string, hidden = ''): Record<Actor, Verdict> {
  const [allowed, out] = [ok.split(' '), hidden.split(' ')]
  return Object.fromEntries(
    actors.map((actor) => [
      actor,
      allowed.includes(actor) ? 'ok' : out.includes(actor) ? 404 : actor === 'anonymous' ? 401 : 403,
    ]),
  ) as Record<Actor, Verdict>
}
export const everyone = only(actors.join(' '))
export const signedIn = only(actors.slice(1).join(' '))
export const adminOnly = only('admin')
/** Everybody who is signed in is told that there is no such thing. */
export const hiddenFromAll = only('', actors.slice(1).join(' '))
/** Nobody may, whatever their role. */
export const nobody = only('')
