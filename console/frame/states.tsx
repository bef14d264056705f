// What a page shows instead of its content: waiting, failed, nothing there.
import { Alert, Anchor, Button, Center, Loader, Stack, Text, Title, VisuallyHidden } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { problemOf } from '../connection/problem-of.ts'
import { useWords } from '../words/words.tsx'
import { PageTitle } from './page-title.tsx'

export function Waiting() {
  const { frame } = useWords()
  return (
    <Center mih={160} role="status" aria-label={frame.loading}>
      <Loader type="dots" aria-hidden />
    </Center>
  )
}

/** Where nothing of the whole page is there yet. */
export function WaitingPage() {
  const { frame } = useWords()
  return (
    <>
      <VisuallyHidden>
        <Title order={1}>{frame.loading}</Title>
      </VisuallyHidden>
      <Waiting />
    </>
  )
}

type ProblemProps = { error: unknown; onRetry?: () => void }

/** The sentence of a problem in the language of the reader, with what an administrator needs to find it. */
export function ProblemAlert({ error, onRetry, isTitled = true }: ProblemProps & { isTitled?: boolean }) {
  const { frame, problems } = useWords()
  const problem = problemOf(error)
  const { correlation_id } = problem.members
  return (
    <Alert color="red" variant="light" role="alert" title={isTitled ? frame.failed : undefined}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{problems[problem.kind.code] ?? problem.message}</Text>
        {problem.kind.status >= 500 && typeof correlation_id === 'string' && (
          <Text size="xs" className="name">
            {frame.correlation(correlation_id)}
          </Text>
        )}
        {onRetry && isPassing(problem.kind.status) && (
          <Button size="xs" variant="default" onClick={onRetry}>
            {frame.try_again}
          </Button>
        )}
      </Stack>
    </Alert>
  )
}

/** Of what was read, and not written: all that the page could not read is asked for again at once. */
export function ReadProblem({ error, isTitled = true }: { error: unknown; isTitled?: boolean }) {
  const queries = useQueryClient()
  const askAgain = () =>
    void queries.refetchQueries({ type: 'active', predicate: ({ state }) => state.status === 'error' })
  return <ProblemAlert error={error} onRetry={askAgain} isTitled={isTitled} />
}

/** Where the whole page could not be read. */
export function ProblemPage({ error }: { error: unknown }) {
  const { frame } = useWords()
  return (
    <Stack>
      <PageTitle title={frame.failed} />
      <ReadProblem error={error} isTitled={false} />
    </Stack>
  )
}

/** Whether asking again may be answered otherwise. */
function isPassing(status: number): boolean {
  return status === 0 || status === 429 || status >= 500
}

export function NotFound() {
  const { frame } = useWords()
  return (
    <Stack align="flex-start" p="md">
      <PageTitle title={frame.not_found} />
      <Anchor component={Link} to={addresses.start}>
        {frame.to_start}
      </Anchor>
    </Stack>
  )
}

/** Where a page is gone to by somebody whose role does not open it. */
export function NotAllowed() {
  const { frame } = useWords()
  return (
    <Stack align="flex-start">
      <PageTitle title={frame.not_allowed} />
      <Text>{frame.not_allowed_text}</Text>
      <Anchor component={Link} to={addresses.start}>
        {frame.to_start}
      </Anchor>
    </Stack>
  )
}

/** An error of ours: the page is lost, the frame around it is not. */
export function Broken() {
  const { frame } = useWords()
  return (
    <Stack align="flex-start" p="md" role="alert">
      <PageTitle title={frame.failed} />
      <Text>{frame.broken}</Text>
      <Button onClick={() => location.reload()}>{frame.reload}</Button>
    </Stack>
  )
}
