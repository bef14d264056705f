// One part of one's own record: a list, with what is shown while it is read, when there is nothing, and when it cannot be read.
import { Button, Stack, Text, Title } from '@mantine/core'
import { type QueryKey, useInfiniteQuery } from '@tanstack/react-query'
import { type ReactNode, useId } from 'react'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { ownCare } from '../words/own-care.ts'
import { useWordsOf } from '../words/words.tsx'

type Page<T> = { items: T[]; next_cursor: string | null }
type SectionProps<T> = {
  title: string
  none: string
  /** What can be done with the list as a whole. */
  action?: ReactNode
  queryKey: QueryKey
  read: (query: { limit: string; cursor?: string }) => Promise<Page<T>>
  children: (item: T) => ReactNode
}

const pageSize = '20'

export function Section<T extends { id: string }>({ title, none, action, queryKey, read, children }: SectionProps<T>) {
  const { record: words } = useWordsOf(ownCare)
  const heading = useId()
  const list = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => read({ limit: pageSize, ...(pageParam && { cursor: pageParam }) }),
    initialPageParam: '',
    getNextPageParam: ({ next_cursor }) => next_cursor,
  })
  const items = list.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <section aria-labelledby={heading}>
      <Title order={2} size="h3" mb="sm" id={heading}>
        {title}
      </Title>
      <Stack gap="sm">
        {action}
        {list.error && <ReadProblem error={list.error} />}
        {list.isPending && <Waiting />}
        {list.data && items.length === 0 && <Text c="dimmed">{none}</Text>}
        {items.map((item) => children(item))}
        {list.hasNextPage && (
          <Button variant="subtle" onClick={() => void list.fetchNextPage()} loading={list.isFetchingNextPage}>
            {words.more}
          </Button>
        )}
      </Stack>
    </section>
  )
}
