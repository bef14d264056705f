// Whether what is being typed is kept yet, in words; and both versions where another screen has changed it meanwhile.
import { Alert, Button, Group, Paper, SimpleGrid, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { AutosaveState } from '../connection/use-autosave.ts'
import { problemOf } from '../connection/problem-of.ts'
import { ProblemAlert } from '../frame/states.tsx'
import { useVisitWords } from '../see-patient/words.ts'

type KeptLineProps = { state: AutosaveState; error: unknown; saved?: string }

export function KeptLine({ state, error, saved }: KeptLineProps) {
  const words = useVisitWords()
  const isPassing = error !== undefined && [0, 429, 500, 502, 503, 504].includes(problemOf(error).kind.status)
  const text = {
    saved: saved ?? words.saved,
    saving: words.saving,
    typing: words.typing,
    failed: words.not_saved,
    conflict: '',
  }
  return (
    <>
      <Text size="sm" c="dimmed" role="status">
        {state === 'failed' && !isPassing ? '' : text[state]}
      </Text>
      {state === 'failed' && !isPassing && <ProblemAlert error={error} />}
    </>
  )
}

type ChooseProps = { mine: ReactNode; other: ReactNode; onMine: () => void; onOther: () => void }

export function ChooseVersion({ mine, other, onMine, onOther }: ChooseProps) {
  const words = useVisitWords()
  return (
    <Alert color="yellow" role="alert">
      <Stack gap="sm">
        <Text size="sm" fw={600}>
          {words.conflict}
        </Text>
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          {[
            { title: words.conflict_mine, content: mine, action: words.keep_mine, onChoose: onMine },
            { title: words.conflict_other, content: other, action: words.take_other, onChoose: onOther },
          ].map(({ title, content, action, onChoose }) => (
            <Paper key={title} component="section" aria-label={title} withBorder p="sm">
              <Stack gap="xs">
                <Text size="sm" fw={600}>
                  {title}
                </Text>
                {content}
                <Group>
                  <Button size="xs" variant="default" onClick={onChoose} className="wrap">
                    {action}
                  </Button>
                </Group>
              </Stack>
            </Paper>
          ))}
        </SimpleGrid>
      </Stack>
    </Alert>
  )
}
