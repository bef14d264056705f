// The session for components.
import { useSyncExternalStore } from 'react'
import type { CurrentUser } from '#contracts/identity/session'
import { type SessionState, sessionStore } from './session.ts'

export function useSession(): SessionState {
  return useSyncExternalStore(sessionStore.subscribe, sessionStore.read)
}

/** Of pages that are shown to nobody else. */
export function useUser(): CurrentUser {
  const session = useSession()
  if (session.status !== 'signed_in') throw new Error('nobody is signed in')
  return session.user
}

/** Whether somebody holds a permission in whatever scope. What it opens, the server decides. */
export function may({ permissions }: CurrentUser, permission: string): boolean {
  return permissions.some((held) => held === permission || held.startsWith(`${permission}:`))
}
