// Who did something, by name.
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { useUser } from '../connection/use-session.ts'
import { staffNameApi } from '#contracts/identity/staff-name'
import { useNurseWords } from '../words/nurse.ts'

/** Tells the name of a user by their id. */
export function useStaffNames(user_ids: readonly (string | null | undefined)[]): (user_id: string) => string {
  const { alert } = useNurseWords()
  const user = useUser()
  const ids = [...new Set(user_ids)].filter((id): id is string => Boolean(id) && id !== user.id).sort()
  const names = useQuery({
    queryKey: ['staff-names', ids],
    queryFn: () => call(staffNameApi.list, { query: { ids: ids.join(',') } }).then(({ items }) => items),
    enabled: ids.length > 0,
    staleTime: 300_000,
    placeholderData: keepPreviousData,
  })
  return (user_id) => {
    if (user_id === user.id) return alert.you
    const found = names.data?.find(({ id }) => id === user_id)
    return found ? `${found.first_name} ${found.last_name}` : alert.colleague
  }
}
