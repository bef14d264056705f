// Changing one's own password: by choice, or before anything else where the one that there is opens nothing more.
import { Alert, Anchor, Button, PasswordInput, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { leave, readUser } from '../connection/session.ts'
import { accountApi } from '#contracts/identity/account'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { CurrentPassword, OneTimeCode } from './proof-fields.tsx'
import { PageTitle } from '../frame/page-title.tsx'

export function InitialPassword() {
  const words = useWords()
  // Whose password is their own goes on to the page that they asked for.
  const goOn = useMutation({ mutationFn: readUser })
  return (
    <Stack>
      {goOn.error && <ProblemAlert error={goOn.error} onRetry={() => goOn.mutate()} />}
      <PasswordForm text={words.password.initial_text} onChanged={() => goOn.mutate()} />
      <Anchor component="button" type="button" size="sm" onClick={() => void leave()}>
        {words.frame.sign_out}
      </Anchor>
    </Stack>
  )
}

export function PasswordForm({ text, onChanged }: { text?: string; onChanged?: () => void }) {
  const { password, members } = useWords()
  const [current, setCurrent] = useState('')
  const [chosen, setChosen] = useState('')
  const [otp, setOtp] = useState('')
  const change = useMutation({
    mutationFn: () =>
      call(accountApi.changePassword, {
        body: { current_password: current, new_password: chosen, otp: otp.trim() || undefined },
      }),
    onSuccess: () => {
      setCurrent('')
      setChosen('')
      setOtp('')
      onChanged?.()
    },
  })
  const problem = change.error ? problemOf(change.error) : undefined
  const messages = messagesByMember(problem, members)
  const needsCode = problem && ['otp_required', 'otp_invalid'].includes(problem.kind.code)
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (current !== '' && chosen !== '' && !change.isPending) change.mutate()
      }}
    >
      <Stack>
        <PageTitle title={password.change_title} />
        {text && <Text size="sm">{text}</Text>}
        {change.isSuccess && (
          <Alert color="ward" role="status">
            <Text size="sm">{password.changed}</Text>
          </Alert>
        )}
        {problem && Object.keys(messages).length === 0 && <ProblemAlert error={problem} />}
        <CurrentPassword
          label={password.current}
          value={current}
          onChange={setCurrent}
          error={messages['current_password']}
          aria-invalid={messages['current_password'] !== undefined}
        />
        {(needsCode || otp !== '') && <OneTimeCode value={otp} onChange={setOtp} />}
        <PasswordInput
          label={password.new_password}
          description={password.rules}
          value={chosen}
          onChange={(event) => setChosen(event.currentTarget.value)}
          error={messages['new_password']}
          aria-invalid={messages['new_password'] !== undefined}
          autoComplete="new-password"
          size="md"
          visibilityToggleButtonProps={{ 'aria-label': password.show }}
        />
        <Button type="submit" size="md" loading={change.isPending}>
          {password.change}
        </Button>
      </Stack>
    </form>
  )
}
