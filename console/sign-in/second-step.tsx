// The code of an authenticator app, or a recovery code.
import { Anchor, Button, Stack } from '@mantine/core'
import { useState } from 'react'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { OneTimeCode } from '../account/proof-fields.tsx'
import { PageTitle } from '../frame/page-title.tsx'

type SecondStepProps = {
  isPending: boolean
  error: unknown
  onCode: (code: string) => void
  onBack: () => void
}

export function SecondStep({ isPending, error, onCode, onBack }: SecondStepProps) {
  const { sign_in } = useWords()
  const [code, setCode] = useState('')
  const [wasSent, setSent] = useState(false)
  const typed = code.replaceAll(/\s/g, '')
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        setSent(true)
        if (typed.length >= 6 && !isPending) onCode(typed)
      }}
    >
      <Stack>
        <PageTitle title={sign_in.code_title} />
        {error !== undefined && error !== null && <ProblemAlert error={error} />}
        <OneTimeCode
          value={code}
          onChange={setCode}
          error={wasSent && typed.length < 6 ? sign_in.empty : undefined}
          maxLength={64}
          autoFocus
        />
        <Button type="submit" size="md" loading={isPending}>
          {sign_in.submit}
        </Button>
        <Anchor component="button" type="button" size="sm" onClick={onBack}>
          {sign_in.back}
        </Anchor>
      </Stack>
    </form>
  )
}
