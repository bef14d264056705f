// The pages of one area beside each other, and the rows of a list that is read on.
import { Button, Group, Stack, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { addresses } from '../addresses.ts'
import { useWords } from '../words/words.tsx'
import { ReadProblem, Waiting } from './states.tsx'
import classes from './section.module.css'

export type SectionLink = { to: (typeof addresses)[keyof typeof addresses]; label: string; isShown: boolean }

export function SectionNav({ label, links }: { label: string; links: readonly SectionLink[] }) {
  const shown = links.filter(({ isShown }) => isShown)
  if (shown.length < 2) return null
  return (
    <nav aria-label={label} className={classes.nav}>
      {shown.map(({ to, label: text }) => (
        <Link key={to} to={to} className={classes.tab} activeOptions={{ exact: true, includeSearch: false }}>
          {text}
        </Link>
      ))}
    </nav>
  )
}

type Read<T> = {
  items: readonly T[]
  isPending: boolean
  error: unknown
  hasNextPage?: boolean
  isFetchingNextPage?: boolean
  fetchNextPage?: () => unknown
}

/** Waiting, failed, nothing there, or its rows, with a button for more of them. */
export function RowList<T>({
  of,
  label,
  none,
  row,
}: {
  of: Read<T>
  label: string
  none: string
  row: (item: T) => ReactNode
}) {
  const { frame } = useWords()
  return (
    <Stack gap="sm">
      {of.error !== null && <ReadProblem error={of.error} />}
      {of.isPending && <Waiting />}
      {!of.isPending && !of.error && of.items.length === 0 && <Text c="dimmed">{none}</Text>}
      {of.items.length > 0 && (
        <ul aria-label={label} className={classes.rows}>
          {of.items.map(row)}
        </ul>
      )}
      {of.hasNextPage && (
        <Group>
          <Button variant="default" loading={of.isFetchingNextPage ?? false} onClick={() => void of.fetchNextPage?.()}>
            {frame.more_rows}
          </Button>
        </Group>
      )}
    </Stack>
  )
}

export function Row({ children, mark }: { children: ReactNode; mark?: 'bad' | 'warn' | undefined }) {
  return (
    <li className={classes.row} data-mark={mark}>
      {children}
    </li>
  )
}
