// Confirming an e-mail address with the mailed link, and the password of the account where nobody is signed in to it.
import { Alert, Button, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { problemOf } from '../connection/problem-of.ts'
import { registrationApi } from '#contracts/registration/registration'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { useLinkToken } from './link-token.ts'
import { CurrentPassword, OneTimeCode } from '../account/proof-fields.tsx'
import { ToSignIn } from './to-sign-in.tsx'
import { PageTitle } from '../frame/page-title.tsx'

export function VerifyEmailPage() {
  const { password } = useWords()
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
            <CurrentPassword value={given} onChange={setGiven} autoFocus />
            {(needsCode || otp !== '') && <OneTimeCode value={otp} onChange={setOtp} />}
            <Button type="submit" size="md" loading={verify.isPending}>
              {password.verify}
            </Button>
          </>
        )}
        <ToSignIn />
      </Stack>
    </form>
  )
}
