// Choosing a password with a mailed link: after it was forgotten, or for the first time.
import { Alert, Button, PasswordInput, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { accountApi } from '#contracts/identity/account'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { useLinkToken } from './link-token.ts'
import { ToSignIn } from './to-sign-in.tsx'
import { PageTitle } from '../frame/page-title.tsx'

export function ResetPasswordPage() {
  const { password } = useWords()
  return <NewPassword operation={accountApi.resetPassword} title={password.reset_title} />
}

export function InvitationPage() {
  const { password } = useWords()
  return (
    <NewPassword
      operation={accountApi.acceptInvitation}
      title={password.invitation_title}
      text={password.invitation_text}
    />
  )
}

type Operation = typeof accountApi.resetPassword | typeof accountApi.acceptInvitation

function NewPassword({ operation, title, text }: { operation: Operation; title: string; text?: string }) {
  const { password, members } = useWords()
  const token = useLinkToken()
  const [chosen, setChosen] = useState('')
  const set = useMutation({ mutationFn: () => call(operation, { body: { token, new_password: chosen } }) })
  const message = set.error ? messagesByMember(problemOf(set.error), members)['new_password'] : undefined
  if (token === '' || set.isSuccess) {
    return (
      <Stack>
        <PageTitle title={title} />
        <Alert color={set.isSuccess ? 'ward' : 'yellow'} role="status">
          <Text size="sm">{set.isSuccess ? password.done : password.no_token}</Text>
        </Alert>
        <ToSignIn />
      </Stack>
    )
  }
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (chosen !== '' && !set.isPending) set.mutate()
      }}
    >
      <Stack>
        <PageTitle title={title} />
        {text && <Text size="sm">{text}</Text>}
        {set.error && !message && <ProblemAlert error={set.error} />}
        <PasswordInput
          label={password.new_password}
          description={password.rules}
          value={chosen}
          onChange={(event) => setChosen(event.currentTarget.value)}
          error={message}
          aria-invalid={message !== undefined}
          autoComplete="new-password"
          maxLength={512}
          size="md"
          autoFocus
          visibilityToggleButtonProps={{ 'aria-label': password.show }}
        />
        <Button type="submit" size="md" loading={set.isPending}>
          {password.set}
        </Button>
        <ToSignIn />
      </Stack>
    </form>
  )
}
