// What beds, rooms and devices are called, by id; asked for only where each one is named.
import { useQuery } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { may, useUser } from '../connection/use-session.ts'
import { resourceApi } from '#contracts/resources/resource'
import { readAll } from '../day-calendar/day.ts'

export function useResourceNames(isAsked: boolean): Map<string, string> {
  const user = useUser()
  const list = useQuery({
    queryKey: ['resources', 'names'],
    queryFn: () => readAll((cursor) => call(resourceApi.list, { query: { limit: '100', cursor } })),
    enabled: isAsked && may(user, 'resources:assign'),
  })
  return new Map((list.data ?? []).map(({ id, name, code }) => [id, `${name} · ${code}`]))
}
