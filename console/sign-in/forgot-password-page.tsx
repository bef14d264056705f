// Asking for a link that resets the password. The answer is the same whether there is such an account or not.
import { Alert, Button, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { accountApi } from '#contracts/identity/account'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { ToSignIn } from './to-sign-in.tsx'
import { PageTitle } from '../frame/page-title.tsx'

export function ForgotPasswordPage() {
  const { password, members } = useWords()
  const [email, setEmail] = useState('')
  const ask = useMutation({ mutationFn: () => call(accountApi.forgotPassword, { body: { email } }) })
  const message = ask.error ? messagesByMember(problemOf(ask.error), members)['email'] : undefined
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (email.trim() !== '' && !ask.isPending) ask.mutate()
      }}
    >
      <Stack>
        <PageTitle title={password.forgot_title} />
        {ask.isSuccess ? (
          <Alert color="ward" role="status">
            <Text size="sm">{password.link_sent}</Text>
          </Alert>
        ) : (
          <>
            <Text size="sm">{password.forgot_text}</Text>
            {ask.error && !message && <ProblemAlert error={ask.error} />}
            <TextInput
              label={password.email}
              type="email"
              autoComplete="email"
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
              error={message}
              maxLength={254}
              size="md"
              autoFocus
            />
            <Button type="submit" size="md" loading={ask.isPending}>
              {password.send_link}
            </Button>
          </>
        )}
        <ToSignIn />
      </Stack>
    </form>
  )
}
