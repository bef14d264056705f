// Setting up the second step that a role needs before the first sign-in: a key for the app, its first code, the recovery codes.
import { Anchor, Button, Code, CopyButton, Group, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import type { Tokens } from '#contracts/identity/login'
import { mfaApi } from '#contracts/identity/mfa'
import { ProblemAlert, Waiting } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { PageTitle } from '../frame/page-title.tsx'

type SetUpProps = { enrollment_token: string; onDone: (tokens: Tokens) => Promise<void>; onBack: () => void }

export function SetUpSecondStep({ enrollment_token, onDone, onBack }: SetUpProps) {
  const { sign_in } = useWords()
  const [code, setCode] = useState('')
  const secret = useQuery({
    queryKey: ['second-step', enrollment_token],
    queryFn: () => call(mfaApi.enrollPending, { body: { enrollment_token } }),
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  })
  const confirm = useMutation({
    mutationFn: () => call(mfaApi.confirmPending, { body: { enrollment_token, code: code.replaceAll(/\s/g, '') } }),
  })
  const enter = useMutation({ mutationFn: onDone })

  if (confirm.data) {
    const { recovery_codes, ...tokens } = confirm.data
    return (
      <Stack>
        <PageTitle title={sign_in.recovery_title} />
        <Text size="sm">{sign_in.recovery_text}</Text>
        <Code block>{recovery_codes.join('\n')}</Code>
        {enter.error && <ProblemAlert error={enter.error} />}
        <Group justify="space-between">
          <CopyButton value={recovery_codes.join('\n')}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {copied ? sign_in.copied : sign_in.copy}
              </Button>
            )}
          </CopyButton>
          <Button onClick={() => enter.mutate(tokens)} loading={enter.isPending}>
            {sign_in.recovery_done}
          </Button>
        </Group>
      </Stack>
    )
  }
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (code.trim() !== '' && !confirm.isPending) confirm.mutate()
      }}
    >
      <Stack>
        <PageTitle title={sign_in.enroll_title} />
        <Text size="sm">{sign_in.enroll_text}</Text>
        {secret.isPending && <Waiting />}
        {secret.error && <ProblemAlert error={secret.error} />}
        {secret.data && (
          <>
            <div>
              <Text size="sm" fw={500}>
                {sign_in.enroll_key}
              </Text>
              <Code block className="name">
                {secret.data.secret}
              </Code>
            </div>
            <Anchor href={secret.data.otpauth_uri} size="sm">
              {sign_in.enroll_open}
            </Anchor>
            {confirm.error && <ProblemAlert error={confirm.error} />}
            <TextInput
              label={sign_in.code}
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
              autoComplete="one-time-code"
              inputMode="numeric"
              maxLength={10}
              size="md"
            />
            <Button type="submit" size="md" loading={confirm.isPending}>
              {sign_in.enroll_submit}
            </Button>
          </>
        )}
        <Anchor component="button" type="button" size="sm" onClick={onBack}>
          {sign_in.back}
        </Anchor>
      </Stack>
    </form>
  )
}
