// Who is signed in: begun with the cookie that only the server reads, ended here or by the server. Nothing of it is stored.
import { createClient } from '#platform/contract/client.ts'
import { Problem } from '#platform/contract/problem.ts'
import { loginApi, type Tokens } from '#contracts/identity/login'
import { type CurrentUser, sessionApi } from '#contracts/identity/session'
import { forgetDrafts } from './drafts.ts'
import { preferences, prefer } from './preferences.ts'
import { send, setAccessToken } from './send.ts'

export type SessionState =
  | { status: 'beginning' }
  | { status: 'signed_in'; user: CurrentUser }
  | { status: 'signed_out'; reason?: SignedOutReason }
/** `idle`: this page ended it for want of activity; `ended`: the server did; `unheard`: the server could not be told. */
export type SignedOutReason = 'idle' | 'ended' | 'unheard'
type Renewal = 'done' | 'refused' | 'unheard'

const request = createClient(send)
const listeners = new Set<() => void>()
let state: SessionState = { status: 'beginning' }
let last_user_id: string | undefined
let renewing: Promise<Renewal> | undefined
/** Other windows of this browser share the cookie: who leaves in one has left in all. */
const otherWindows = new BroadcastChannel('openward.session')

export const sessionStore = {
  subscribe: (listener: () => void) => {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  },
  read: () => state,
}

function become(next: SessionState) {
  state = next
  if (next.status === 'signed_in') {
    // What one person had begun to write is not for the next.
    if (last_user_id !== undefined && last_user_id !== next.user.id) forgetDrafts()
    last_user_id = next.user.id
  }
  if (next.status === 'signed_in') prefer({ has_session: true })
  for (const listener of listeners) listener()
}

/** Goes on with the session of the cookie, where there is one. */
export async function beginSession(): Promise<void> {
  otherWindows.addEventListener('message', ({ data }) => {
    if (data === 'left' && state.status === 'signed_in') drop({ status: 'signed_out' })
  })
  if (!preferences().has_session || (await renew()) !== 'done') return become({ status: 'signed_out' })
  await readUser().catch(() => become({ status: 'signed_out', reason: 'ended' }))
}

/** Takes what a sign-in answered. @throws Problem */
export async function enter({ access_token }: Tokens): Promise<void> {
  setAccessToken(access_token)
  await readUser()
}

/** Reads again who is signed in, after a change of the account; it also tells the server that somebody is there. @throws Problem */
export async function readUser(): Promise<void> {
  become({ status: 'signed_in', user: await withRenewal(() => request(sessionApi.me, {})) })
}

/** Asks, and once more with a new access token where the one at hand has run out. @throws Problem */
export async function withRenewal<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (!hasRunOut(error) || (await renew()) !== 'done') throw error
    return ask()
  }
}

function hasRunOut(error: unknown): boolean {
  return error instanceof Problem && ['unauthenticated', 'session_ended'].includes(error.kind.code)
}

/** A new access token for the cookie. Whoever asks meanwhile waits for the same one. */
function renew(): Promise<Renewal> {
  renewing ??= askForToken().finally(() => (renewing = undefined))
  return renewing
}

async function askForToken(): Promise<Renewal> {
  try {
    const { access_token } = await request(loginApi.refresh, { body: {} })
    setAccessToken(access_token)
    return 'done'
  } catch (error) {
    const isRefused = error instanceof Problem && error.kind.status >= 400 && error.kind.status < 500
    if (!isRefused) return 'unheard'
    prefer({ has_session: false })
    if (state.status === 'signed_in') drop({ status: 'signed_out', reason: 'ended' })
    return 'refused'
  }
}

/** Ends the session here, and at the server. Where that could not be told the page says so, and this may be asked again. */
export async function leave(why?: 'idle'): Promise<void> {
  const isHeard = await endAtServer()
  if (why === undefined) forgetDrafts()
  // Idle sessions end at the server by themselves.
  const reason = why ?? (isHeard ? undefined : 'unheard')
  drop(reason ? { status: 'signed_out', reason } : { status: 'signed_out' })
  otherWindows.postMessage('left')
}

async function endAtServer(): Promise<boolean> {
  const logOut = () => request(sessionApi.logout, {})
  try {
    await logOut()
    return true
  } catch (error) {
    if (!hasRunOut(error)) return false
  }
  const renewal = await renew()
  if (renewal !== 'done') return renewal === 'refused'
  return logOut().then(
    () => true,
    () => false,
  )
}

function drop(next: SessionState) {
  setAccessToken(undefined)
  prefer({ has_session: false })
  become(next)
}
