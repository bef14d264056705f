// Proving again who one is, for what asks for it.
import { Button, Stack } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { problemOf } from '../connection/problem-of.ts'
import { sessionApi } from '#contracts/identity/session'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { CurrentPassword, OneTimeCode } from './proof-fields.tsx'

export function Proof({ onProven }: { onProven: () => void }) {
  const { password: words } = useWords()
  const [password, setPassword] = useState('')
  const [otp, setOtp] = useState('')
  const prove = useMutation({
    mutationFn: () => call(sessionApi.reauthenticate, { body: { password, otp: otp.trim() || undefined } }),
    onSuccess: onProven,
  })
  const needsCode = prove.error && problemOf(prove.error).kind.code.startsWith('otp_')
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (password !== '' && !prove.isPending) prove.mutate()
      }}
    >
      <Stack>
        {prove.error && <ProblemAlert error={prove.error} />}
        <CurrentPassword value={password} onChange={setPassword} data-autofocus />
        {(needsCode || otp !== '') && <OneTimeCode value={otp} onChange={setOtp} />}
        <Button type="submit" loading={prove.isPending}>
          {words.verify}
        </Button>
      </Stack>
    </form>
  )
}
