// What was read from the server, kept for a moment in memory, and gone when whoever read it is.
import { QueryClient } from '@tanstack/react-query'
import { problemOf } from '../connection/problem-of.ts'
import { sessionStore } from '../connection/session.ts'

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      gcTime: 60_000,
      // What is refused stays refused; what a busy server could not answer is asked for again.
      retry: (count, error) => count < 2 && problemOf(error).kind.status === 503,
    },
    mutations: { retry: false },
  },
})

sessionStore.subscribe(() => {
  if (sessionStore.read().status !== 'signed_in') queries.clear()
})
