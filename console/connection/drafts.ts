// What somebody has begun to write. It survives an automatic log-off, and is in memory only: it is about patients.
import { useCallback, useRef, useState } from 'react'

const drafts = new Map<string, unknown>()

export function forgetDrafts(): void {
  drafts.clear()
}

/** Begins a form elsewhere with what is known: nothing about a person goes through an address. */
export function leaveDraft(name: string, value: unknown): void {
  drafts.set(name, value)
}

/** State of a form that is found again under its name after the form was away. `forget` when it has been sent. */
export function useDraft<T extends object>(name: string, empty: T) {
  const [value, setValue] = useState<T>(() => ({ ...empty, ...(drafts.get(name) as Partial<T> | undefined) }))
  const latest = useRef(value)
  const change = useCallback(
    (part: Partial<T>) => {
      // At once, and not when it is shown: whoever forgets right after a change forgets that change too.
      latest.current = { ...latest.current, ...part }
      drafts.set(name, latest.current)
      setValue(latest.current)
    },
    [name],
  )
  const forget = useCallback(() => void drafts.delete(name), [name])
  return { value, change, forget }
}
