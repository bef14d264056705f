// A part of a page under a heading of its own.
import { Group, Paper, Title } from '@mantine/core'
import { type PropsWithChildren, type ReactNode, useId } from 'react'

export function Section({ title, action, children }: PropsWithChildren<{ title: string; action?: ReactNode }>) {
  const heading = useId()
  return (
    <Paper component="section" withBorder p="md" aria-labelledby={heading}>
      <Group justify="space-between" gap="xs" mb="sm">
        <Title order={2} size="h4" id={heading}>
          {title}
        </Title>
        {action}
      </Group>
      {children}
    </Paper>
  )
}
