// Live for components.
import { useEffect, useSyncExternalStore } from 'react'
import type { Concerns } from './concerns.ts'
import { addConcerns, type LiveState, liveStore } from './live.ts'

/** Reads queries again when somebody changes what they show. `concerns` is a constant of its file: it is remembered. */
export function useLive(concerns: Concerns): void {
  useEffect(() => addConcerns(concerns), [concerns])
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(liveStore.subscribe, liveStore.read)
}
