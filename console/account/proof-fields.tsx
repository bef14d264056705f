// What somebody proves with who they are: the password that they have, and the code of a second step.
import { PasswordInput, TextInput } from '@mantine/core'
import type { ComponentProps } from 'react'
import { useWords } from '../words/words.tsx'

type Field = { value: string; onChange: (value: string) => void }

/** A password that is there already. Other properties are those of the field. */
export function CurrentPassword({
  value,
  onChange,
  ...more
}: Field & Omit<ComponentProps<typeof PasswordInput>, keyof Field>) {
  const { sign_in, password } = useWords()
  return (
    <PasswordInput
      label={sign_in.password}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      autoComplete="current-password"
      size="md"
      visibilityToggleButtonProps={{ 'aria-label': password.show }}
      {...more}
    />
  )
}

/** A code of the authenticator, or one of those for recovery. */
export function OneTimeCode({ value, onChange, ...more }: Field & Omit<ComponentProps<typeof TextInput>, keyof Field>) {
  const { sign_in } = useWords()
  return (
    <TextInput
      label={sign_in.code}
      description={sign_in.code_help}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      autoComplete="one-time-code"
      size="md"
      {...more}
    />
  )
}
