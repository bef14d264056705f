// Lists that are read on where the last page ended.
import { useInfiniteQuery } from '@tanstack/react-query'

type Listed<T> = { items: T[]; total: number; next_cursor: string | null }

export function usePages<T>(
  queryKey: readonly unknown[],
  ask: (cursor: string | undefined) => Promise<Listed<T>>,
  { refetchInterval }: { refetchInterval?: number } = {},
) {
  const pages = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }: { pageParam: string | undefined }) => ask(pageParam),
    initialPageParam: undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
    ...(refetchInterval !== undefined && { refetchInterval }),
  })
  return {
    ...pages,
    items: pages.data?.pages.flatMap(({ items }) => items) ?? [],
    total: pages.data?.pages[0]?.total ?? 0,
  }
}
