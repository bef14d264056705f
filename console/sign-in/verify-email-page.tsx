// Confirming an e-mail address with the mailed link, and the password of the account where nobody is signed in to it.
import { Alert, Anchor, Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { problemOf } from '../connection/problem-of.ts'
import { registrationApi } from '#contracts/registration/registration'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { useLinkToken } from './link-token.ts'
import { PageTitle } from '../frame/page-title.tsx'

export function VerifyEmailPage() {
  const { password, sign_in } = useWords()
  const token = useLinkToken()
  const [given, setGiven] = useState('')
  const [otp, setOtp] = useState('')
  const verify = useMutation({
    mutationFn: () =>
      call(registrationApi.verifyEmail, { body: { token, password: given, otp: otp.trim() || undefined } }),
  })
  const needsCode = verify.error && ['otp_required', 'otp_invalid'].includes(problemOf(verify.error).kind.code)
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (given !== '' && !verify.isPending) verify.mutate()
      }}
    >
      <Stack>
        <PageTitle title={password.verify_title} />
        {verify.isSuccess || token === '' ? (
          <Alert color={verify.isSuccess ? 'ward' : 'yellow'} role="status">
            <Text size="sm">{verify.isSuccess ? password.verified : password.no_token}</Text>
          </Alert>
        ) : (
          <>
            <Text size="sm">{password.verify_text}</Text>
            {verify.error && <ProblemAlert error={verify.error} />}
            <PasswordInput
              label={sign_in.password}
              value={given}
              onChange={(event) => setGiven(event.currentTarget.value)}
              autoComplete="current-password"
              size="md"
              autoFocus
              visibilityToggleButtonProps={{ 'aria-label': password.show }}
            />
            {(needsCode || otp !== '') && (
              <TextInput
                label={sign_in.code}
                description={sign_in.code_help}
                value={otp}
                onChange={(event) => setOtp(event.currentTarget.value)}
                autoComplete="one-time-code"
                size="md"
              />
            )}
            <Button type="submit" size="md" loading={verify.isPending}>
              {password.verify}
            </Button>
          </>
        )}
        <Anchor component={Link} to={addresses.sign_in} size="sm" ta="center">
          {sign_in.title}
        </Anchor>
      </Stack>
    </form>
  )
}
