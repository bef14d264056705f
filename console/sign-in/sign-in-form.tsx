// Signing in: name and password, then the second step where the account has one, or has to set one up.
import { Alert, Anchor, Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link, useRouterState } from '@tanstack/react-router'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { prefer } from '../connection/preferences.ts'
import { problemOf } from '../connection/problem-of.ts'
import { enter, leave, type SignedOutReason } from '../connection/session.ts'
import { call } from '../connection/call.ts'
import { loginApi, type Tokens } from '#contracts/identity/login'
import { oidcApi } from '#contracts/identity/oidc'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { keepGoal } from './goal.ts'
import { SecondStep } from './second-step.tsx'
import { SetUpSecondStep } from './set-up-second-step.tsx'
import { CurrentPassword } from '../account/proof-fields.tsx'
import { PageTitle } from '../frame/page-title.tsx'

type Step = { name: 'password' } | { name: 'code' } | { name: 'enroll'; enrollment_token: string }

/** The sign-in of the organisation leads here with the code of what it refused. */
function refusalIn(hash: string): string | undefined {
  return /^#?(oidc_[a-z_]+|account_[a-z_]+|unavailable)$/.exec(hash)?.[1]
}

export function SignInForm({ reason, onDone }: { reason?: SignedOutReason | undefined; onDone?: () => void }) {
  const { sign_in } = useWords()
  const { href, hash } = useRouterState({ select: ({ location }) => location })
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const [step, setStep] = useState<Step>({ name: 'password' })
  const [wasSent, setSent] = useState(false)

  // Until it is known, and where it cannot be, a password is what one has.
  const methods = useQuery({ queryKey: ['methods'], queryFn: () => call(oidcApi.methods, {}), staleTime: 300_000 })
  const { password: hasPassword = true, organisation = false } = methods.data ?? {}
  const { problems } = useWords()
  const refusal = refusalIn(hash)

  const finish = async (tokens: Tokens) => {
    await enter(tokens)
    onDone?.()
  }
  const signIn = useMutation({
    mutationFn: async (otp?: string) =>
      finish(await call(loginApi.login, { body: { username: username.trim(), password, otp } })),
    onError(error) {
      const { kind, members } = problemOf(error)
      if (kind.code === 'otp_required') setStep({ name: 'code' })
      if (kind.code === 'mfa_enrollment_required')
        setStep({ name: 'enroll', enrollment_token: String(members['enrollment_token']) })
    },
  })
  const { code } = signIn.error ? problemOf(signIn.error).kind : { code: undefined }
  const isNextStep = code === 'otp_required' || code === 'mfa_enrollment_required'
  const back = () => {
    signIn.reset()
    setPassword('')
    setStep({ name: 'password' })
  }

  if (step.name === 'enroll')
    return <SetUpSecondStep enrollment_token={step.enrollment_token} onDone={finish} onBack={back} />
  if (step.name === 'code') {
    return (
      <SecondStep
        isPending={signIn.isPending}
        error={isNextStep ? undefined : signIn.error}
        onCode={(otp) => signIn.mutate(otp)}
        onBack={back}
      />
    )
  }
  const missing = (text: string) => (wasSent && text.trim() === '' ? sign_in.empty : undefined)
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        setSent(true)
        if (username.trim() !== '' && password !== '' && !signIn.isPending) signIn.mutate(undefined)
      }}
    >
      <Stack>
        <PageTitle title={sign_in.title} />
        {reason && !signIn.error && (
          <Alert color="yellow" role="status">
            <Text size="sm">{sign_in[reason]}</Text>
            {reason === 'unheard' && (
              <Button mt="xs" size="xs" variant="default" onClick={() => void leave()}>
                {sign_in.tell_again}
              </Button>
            )}
          </Alert>
        )}
        {refusal && !signIn.error && (
          <Alert color="red" role="alert">
            <Text size="sm">{problems[refusal] ?? sign_in.organisation_refused}</Text>
          </Alert>
        )}
        {signIn.error && !isNextStep && <ProblemAlert error={signIn.error} />}
        {hasPassword && (
          <>
            <TextInput
              label={sign_in.name}
              value={username}
              onChange={(event) => setUsername(event.currentTarget.value)}
              error={missing(username)}
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              maxLength={254}
              size="md"
              autoFocus
            />
            <CurrentPassword
              value={password}
              onChange={setPassword}
              error={missing(password)}
              aria-invalid={missing(password) !== undefined}
              maxLength={1024}
            />
            <Button type="submit" size="md" loading={signIn.isPending}>
              {sign_in.submit}
            </Button>
            <Anchor component={Link} to={addresses.forgot_password} size="sm" ta="center">
              {sign_in.forgot}
            </Anchor>
          </>
        )}
        {/* Below, since it comes a moment later: nothing moves under a hand. */}
        {organisation && (
          <Button
            component="a"
            href={`${oidcApi.start.path}?for=console`}
            // Whoever comes back has a session to go on with.
            onClick={() => prefer({ has_session: true })}
            size="md"
            variant={hasPassword ? 'default' : 'filled'}
            className="wrap"
          >
            {sign_in.organisation}
          </Button>
        )}
        <Group justify="center" gap="md">
          {hasPassword && (
            <Anchor component={Link} to={addresses.register_account} size="sm" onClick={() => keepGoal(href)}>
              {sign_in.register}
            </Anchor>
          )}
          <Anchor component={Link} to={addresses.doctors} size="sm">
            {sign_in.find_doctor}
          </Anchor>
        </Group>
      </Stack>
    </form>
  )
}
