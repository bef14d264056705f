// Where everyone begins: at the first of their places.
import { Alert, Stack, Text } from '@mantine/core'
import { Navigate } from '@tanstack/react-router'
import { useUser } from '../connection/use-session.ts'
import { useWords } from '../words/words.tsx'
import { PageTitle } from './page-title.tsx'
import { placesOf } from './places.ts'

export function StartPage() {
  const { frame } = useWords()
  const [first] = placesOf(useUser())
  if (first) return <Navigate to={first.to} replace />
  return (
    <Stack>
      <PageTitle title={frame.start} />
      <Alert color="ward">
        <Text size="sm">{frame.no_role}</Text>
      </Alert>
    </Stack>
  )
}
