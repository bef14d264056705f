// Around every page: the frame for whoever is signed in, the sign-in at the same address for whoever is not.
import { Outlet, useMatches } from '@tanstack/react-router'
import { Suspense } from 'react'
import { preferences } from '../connection/preferences.ts'
import { may, useSession } from '../connection/use-session.ts'
import { fetched } from './fetched.tsx'
import { NotAllowed, WaitingPage } from './states.tsx'
import { OutsideFrame } from './outside-frame.tsx'

const InsideFrame = fetched(async () => (await import('./inside-frame.tsx')).InsideFrame, Beginning)
const PublicFrame = fetched(async () => (await import('./public-frame.tsx')).PublicFrame, Beginning)
const SignInForm = fetched(async () => (await import('../sign-in/sign-in-form.tsx')).SignInForm)
const InitialPassword = fetched(async () => (await import('../account/password-form.tsx')).InitialPassword)

// While the server is still asked who it is. Whatever fails here is fetched again, and told, where the frame is shown.
if (preferences().has_session) void InsideFrame.fetch().catch(() => undefined)

export function Root() {
  return (
    <Suspense fallback={<Beginning />}>
      <Outlet />
    </Suspense>
  )
}

/** Before it is known which frame it will be. */
function Beginning() {
  return (
    <main>
      <WaitingPage />
    </main>
  )
}

export function Closed() {
  const session = useSession()
  const asked = useMatches({ select: (matches) => matches.flatMap(({ staticData: { asks } }) => asks ?? []) })
  if (session.status === 'beginning') return <Beginning />
  if (session.status === 'signed_out') {
    return (
      <OutsideFrame>
        <SignInForm reason={session.reason} />
      </OutsideFrame>
    )
  }
  if (session.user.must_change_password) {
    return (
      <OutsideFrame>
        <InitialPassword />
      </OutsideFrame>
    )
  }
  return (
    <InsideFrame user={session.user}>
      <Suspense fallback={<WaitingPage />}>
        {asked.every((permission) => may(session.user, permission)) ? <Outlet /> : <NotAllowed />}
      </Suspense>
    </InsideFrame>
  )
}

export function Open() {
  return (
    <OutsideFrame>
      <Outlet />
    </OutsideFrame>
  )
}

export function Anyone() {
  const session = useSession()
  if (session.status === 'beginning') return <Beginning />
  const page = (
    <Suspense fallback={<WaitingPage />}>
      <Outlet />
    </Suspense>
  )
  const isInside = session.status === 'signed_in' && !session.user.must_change_password
  return isInside ? <InsideFrame user={session.user}>{page}</InsideFrame> : <PublicFrame>{page}</PublicFrame>
}
