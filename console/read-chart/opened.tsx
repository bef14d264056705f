// What is read when an entry is opened, and what stands there meanwhile.
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ReadProblem, Waiting } from '../frame/states.tsx'

type OpenedProps<T> = { of: readonly unknown[]; read: () => Promise<T>; children: (found: T) => ReactNode }

export function Opened<T>({ of, read, children }: OpenedProps<T>) {
  const found = useQuery({ queryKey: of, queryFn: read })
  if (found.isPending) return <Waiting />
  if (found.error) return <ReadProblem error={found.error} />
  return children(found.data)
}
