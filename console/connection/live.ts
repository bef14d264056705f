// What others change, as it happens: one stream of events a window for whoever is signed in, and the queries that an event concerns
// read again. Following is no activity, nor is what is read again while nobody is at the page.
import type { QueryClient, QueryKey } from '@tanstack/react-query'
import { Problem } from '#platform/contract/problem.ts'
import { liveEventApi } from '#contracts/live-events/live-event'
import { type Concerns, keysOf, leastOf, type LiveEvent } from './concerns.ts'
import { type Message, messagesOf } from './event-stream.ts'
import { unreadable } from './problem-of.ts'
import { ask } from './send.ts'
import { readUser, sessionStore, withRenewal } from './session.ts'

/** `waiting`: what is shown may be older than it looks. */
export type LiveState = 'live' | 'waiting'

/** The server tells its position every 15 seconds: who hears nothing for longer has lost it, whatever the network says. */
const silenceMs = 40_000
const firstPauseMs = 1000
const longestPauseMs = 30_000
/** A browser has six connections to a server without HTTP/2: a window that nobody looks at gives its own back. */
const hiddenMs = 30_000

const concerns = new Set<Concerns>()
const listeners = new Set<() => void>()
let state: LiveState = 'waiting'
let following: AbortController | undefined

export const liveStore = {
  subscribe: (listener: () => void) => {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  },
  read: () => state,
}

function become(next: LiveState) {
  if (state === next) return
  state = next
  for (const listener of listeners) listener()
}

/** They hold for as long as the window stands: what was shown before may be shown again from memory. */
export function addConcerns(more: Concerns): void {
  concerns.add(more)
}

/** Follows while somebody is signed in; called once. */
export function beginLive(queries: QueryClient): void {
  const reread = rereading(queries)
  const adapt = () => {
    const isSignedIn = sessionStore.read().status === 'signed_in'
    if (isSignedIn && !following) void follow((following = new AbortController()).signal, reread)
    if (!isSignedIn && following) {
      following.abort()
      following = undefined
      become('waiting')
    }
  }
  sessionStore.subscribe(adapt)
  adapt()
}

type Reread = (keys: readonly QueryKey[] | 'all') => void

async function follow(signal: AbortSignal, reread: Reread): Promise<void> {
  let last_id = ''
  let failures = 0
  while (!signal.aborted) {
    await seen(signal)
    const broken = new AbortController()
    const stopWatching = watchVisibility(() => broken.abort())
    let silence: ReturnType<typeof setTimeout> | undefined
    const heard = () => {
      clearTimeout(silence)
      silence = setTimeout(() => broken.abort(), silenceMs)
    }
    try {
      heard()
      const answer = await withRenewal(() => open(last_id, AbortSignal.any([signal, broken.signal])))
      // Until here it was read without being followed.
      if (last_id === '') reread('all')
      for await (const message of messagesOf(answer)) {
        heard()
        failures = 0
        become('live')
        if (message.id !== '') last_id = message.id
        if (!(await take(message, reread))) break
      }
    } catch {
      // Whatever it was: it is tried again, for as long as somebody is signed in.
    } finally {
      clearTimeout(silence)
      stopWatching()
      broken.abort()
    }
    if (signal.aborted) return
    if (!document.hidden) become('waiting')
    await pause(Math.min(longestPauseMs, firstPauseMs * 2 ** failures), signal)
    failures += 1
  }
}

/** @throws Problem */
async function open(last_id: string, signal: AbortSignal): Promise<Response> {
  const { method, path: url } = liveEventApi.follow
  const answer = await ask({ method, url, headers: last_id === '' ? {} : { 'last-event-id': last_id } }, signal)
  if (answer.ok) return answer
  const { code, title = '' } = (await answer.json().catch(() => ({}))) as { code?: string; title?: string }
  throw code === undefined ? new Problem(unreadable) : new Problem({ code, title, status: answer.status })
}

/** False where the server ends the stream. */
async function take({ event, data }: Message, reread: Reread): Promise<boolean> {
  if (event === 'reset') reread('all')
  if (event === 'end') {
    // What one may has changed, or the session is over: the next question tells which.
    await readUser().catch(() => undefined)
    reread('all')
    return false
  }
  if (event.includes('.')) reread(keysOf(JSON.parse(data) as LiveEvent, concerns))
  return true
}

/** One reading at a time: what comes meanwhile is read after it, once. */
function rereading(queries: QueryClient): Reread {
  let waiting: QueryKey[] = []
  let isBusy = false
  return (keys) => {
    waiting.push(...(keys === 'all' ? [[]] : keys))
    if (isBusy || waiting.length === 0) return
    isBusy = true
    void (async () => {
      while (waiting.length > 0) {
        const now = leastOf(waiting)
        waiting = []
        await Promise.allSettled(now.map((queryKey) => queries.invalidateQueries({ queryKey })))
      }
      isBusy = false
    })()
  }
}

/** Waits until the window is one that somebody could look at. */
function seen(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (!document.hidden) return resolve()
    const look = () => {
      if (document.hidden && !signal.aborted) return
      document.removeEventListener('visibilitychange', look)
      resolve()
    }
    document.addEventListener('visibilitychange', look)
    signal.addEventListener('abort', look, { once: true })
  })
}

function watchVisibility(hidden: () => void): () => void {
  let late: ReturnType<typeof setTimeout> | undefined
  const look = () => {
    clearTimeout(late)
    if (document.hidden) late = setTimeout(hidden, hiddenMs)
  }
  document.addEventListener('visibilitychange', look)
  return () => {
    clearTimeout(late)
    document.removeEventListener('visibilitychange', look)
  }
}

/** Not all at once after a restart of the server; at once when the network is back. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      clearTimeout(late)
      removeEventListener('online', go)
      resolve()
    }
    const late = setTimeout(go, ms * (0.5 + Math.random() / 2))
    addEventListener('online', go)
    signal.addEventListener('abort', go, { once: true })
  })
}
