// Who waits for a time, and what they were offered.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import type { Concerns } from '../connection/concerns.ts'
import { readAll } from '../day-calendar/day.ts'
import { waitlistApi, type WaitlistEntry, type WaitlistStatus } from '#contracts/waitlist/waitlist'

export const waitlistConcerns: Concerns = { 'waitlist.*': [['waitlist']] }

/** Those that may still become an appointment. */
export const isOpen = ({ status }: WaitlistEntry) => status === 'waiting' || status === 'offered'

/** Those in reach: of a patient their own, at a desk those that wait or were offered something. */
export function useEntries(isDesk = false) {
  return useQuery({
    queryKey: ['waitlist', isDesk ? 'open' : 'own'],
    queryFn: async () => {
      const read = (status?: WaitlistStatus) =>
        readAll<WaitlistEntry>((cursor) =>
          call(waitlistApi.list, { query: { limit: '100', ...(status && { status }), ...(cursor && { cursor }) } }),
        )
      return isDesk ? (await Promise.all([read('offered'), read('waiting')])).flat() : read()
    },
  })
}

export function useAnswer() {
  const known = useQueryClient()
  return useMutation<unknown, Error, { entry: WaitlistEntry; answer: 'accept' | 'decline' | 'withdraw' }>({
    mutationFn: ({ entry, answer }) => call(waitlistApi[answer], { params: { waitlist_entry_id: entry.id } }),
    onSettled: () =>
      Promise.all([
        known.invalidateQueries({ queryKey: ['waitlist'] }),
        known.invalidateQueries({ queryKey: ['appointments'] }),
        known.invalidateQueries({ queryKey: ['slots'] }),
      ]),
  })
}
