// Keeps a form at the server as it is typed. What could not be sent stays here, through an automatic log-off too; what somebody
// has typed at another screen meanwhile is not overwritten: both versions are shown, and the person chooses.
import { useMutation } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { useDraft } from './drafts.ts'
import { problemOf } from './problem-of.ts'

export type Kept<T> = { content: T; version: number }
export type AutosaveState = 'saved' | 'saving' | 'typing' | 'failed' | 'conflict'

type Autosave<T> = {
  /** Of the form in this window. */
  name: string
  kept: Kept<T>
  /** Sends it over the version that it was typed over, and returns what is kept from then on. @throws Problem */
  save: (content: T, version: number) => Promise<Kept<T>>
  /** What is kept now. @throws Problem */
  read: () => Promise<Kept<T>>
  /** Whether it can be sent as it stands; what cannot stays here until it can. */
  isWhole?: (content: T) => boolean
}

const settleMs = 700
/** Where the server could not be reached. */
const againMs = 5000

/** What could not be kept stays a draft of this window. */
async function keepLast(work: Promise<unknown>, forget: () => void) {
  try {
    await work
    forget()
  } catch {
    // It is sent again when the form is opened again.
  }
}

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)

const always = () => true

export function useAutosave<T extends object>({ name, kept, save, read, isWhole = always }: Autosave<T>) {
  const { value: typed, change, forget } = useDraft<Kept<T>>(name, kept)
  const [known, setKnown] = useState(kept)
  const [other, setOther] = useState<Kept<T>>()
  const isDirty = !isSame(typed.content, known.content)
  const isSendable = isDirty && isWhole(typed.content)
  const latest = useRef({ typed, isDirty, isSendable, save, forget })
  useEffect(() => {
    latest.current = { typed, isDirty, isSendable, save, forget }
  })

  const sending = useMutation({
    mutationFn: ({ content, version }: Kept<T>) => save(content, version),
    onSuccess(now, sent) {
      setKnown({ content: sent.content, version: now.version })
      change({ version: now.version })
      if (isSame(latest.current.typed.content, sent.content)) forget()
    },
    async onError(error) {
      if (problemOf(error).kind.code === 'stale_version') setOther(await read())
    },
  })
  const running = useRef<Promise<unknown>>(undefined)
  const { mutateAsync } = sending
  const send = useCallback(
    (what: Kept<T>) => {
      const work = mutateAsync(what)
      running.current = work.catch(() => undefined)
      return work
    },
    [mutateAsync],
  )

  const problem = sending.error ? problemOf(sending.error) : undefined
  // What the server refuses it refuses again, until something else is typed.
  const isRefused =
    problem !== undefined &&
    problem.kind.status >= 400 &&
    problem.kind.status < 500 &&
    problem.kind.status !== 429 &&
    problem.kind.code !== 'stale_version' &&
    isSame(sending.variables?.content, typed.content)
  useEffect(() => {
    if (!isSendable || sending.isPending || other || isRefused) return
    const timer = setTimeout(() => void send(typed).catch(() => undefined), sending.isError ? againMs : settleMs)
    return () => clearTimeout(timer)
  }, [typed, isSendable, sending.isPending, sending.isError, other, isRefused, send])

  // Whoever goes to another page has written what they wrote.
  useEffect(
    () => () => {
      const { typed: last, isSendable: isLeft, save: keep, forget: done } = latest.current
      if (isLeft) void keepLast(keep(last.content, last.version), done)
    },
    [],
  )

  // Changed elsewhere while nothing is being typed here: that is what is gone on with.
  useEffect(() => {
    if (kept.version <= known.version || latest.current.isDirty) return
    setKnown(kept)
    change(kept)
    forget()
  }, [kept, known.version, change, forget])

  const state: AutosaveState = other
    ? 'conflict'
    : sending.isPending
      ? 'saving'
      : !isDirty
        ? 'saved'
        : sending.isError
          ? 'failed'
          : 'typing'
  return {
    content: typed.content,
    state,
    error: state === 'failed' ? sending.error : undefined,
    other,
    change: useCallback(
      (part: Partial<T>) => change({ content: { ...latest.current.typed.content, ...part } }),
      [change],
    ),
    keepMine: () => {
      if (!other) return
      change({ version: other.version })
      setKnown(other)
      setOther(undefined)
    },
    takeOther: () => {
      if (!other) return
      change(other)
      setKnown(other)
      setOther(undefined)
      forget()
    },
    /** Waits until all that was typed is kept, and tells the version. @throws Problem */
    flush: async (): Promise<number> => {
      await running.current
      const { typed: last, isDirty: isLeft } = latest.current
      return isLeft ? (await send(last)).version : last.version
    },
    forget,
  }
}
