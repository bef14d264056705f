// The address of the sign-in itself, where mails lead. Whoever is signed in already goes on.
import { Navigate, useNavigate } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { useSession } from '../connection/use-session.ts'
import { WaitingPage } from '../frame/states.tsx'
import { SignInForm } from './sign-in-form.tsx'

export function SignInPage() {
  const session = useSession()
  const navigate = useNavigate()
  if (session.status === 'beginning') return <WaitingPage />
  if (session.status === 'signed_in') return <Navigate to={addresses.start} replace />
  return <SignInForm reason={session.reason} onDone={() => void navigate({ to: addresses.start, replace: true })} />
}
