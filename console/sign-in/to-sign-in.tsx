// The way back to the sign-in.
import { Anchor } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { useWords } from '../words/words.tsx'

export function ToSignIn() {
  const { sign_in } = useWords()
  return (
    <Anchor component={Link} to={addresses.sign_in} size="sm" ta="center">
      {sign_in.title}
    </Anchor>
  )
}
