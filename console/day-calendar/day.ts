// The appointments of a day, with the doctors and the people that they name by id.
import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import type { Concerns } from '../connection/concerns.ts'
import { appointmentApi } from '#contracts/appointments/appointment'
import type { Appointment } from '#contracts/appointments/appointment-record'
import { type Doctor, doctorApi } from '#contracts/doctors/doctor'
import type { IdentityCard } from '#contracts/patients/patient'
import { mostCards, patientSearchApi } from '#contracts/patients/patient-search'

const pageSize = 100
const minuteMs = 60_000

export const calendarConcerns: Concerns = {
  'appointment.*': [['appointments'], ['slots']],
  'hold.*': [['appointments'], ['slots']],
  'doctor.*': [['doctors'], ['slots']],
  'patient.*': ({ subject_id }) => [['people'], ['patient', subject_id]],
}

/** Every page of a list. */
export async function readAll<T>(
  read: (cursor?: string) => Promise<{ items: T[]; next_cursor: string | null }>,
): Promise<T[]> {
  const all: T[] = []
  let cursor: string | undefined
  do {
    const page = await read(cursor)
    all.push(...page.items)
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined)
  return all
}

export function useDoctors() {
  return useQuery({
    queryKey: ['doctors'],
    queryFn: () =>
      readAll<Doctor>((cursor) =>
        call(doctorApi.list, { query: { limit: String(pageSize), ...(cursor && { cursor }) } }),
      ),
    staleTime: 5 * minuteMs,
    gcTime: 5 * minuteMs,
  })
}

export function dayQuery(date: string) {
  return queryOptions({
    queryKey: ['appointments', 'day', date],
    queryFn: () =>
      readAll<Appointment>((cursor) =>
        call(appointmentApi.list, { query: { date, limit: String(pageSize), ...(cursor && { cursor }) } }),
      ),
  })
}

export function useDay(date: string) {
  return useQuery({ ...dayQuery(date), placeholderData: keepPreviousData })
}

/** Who these people are, by id. Asked for together, a hundred at a time. */
export function usePeople(patient_ids: readonly string[], isAllowed: boolean) {
  const ids = [...new Set(patient_ids)].sort()
  return useQuery({
    queryKey: ['people', ids],
    queryFn: async () => {
      const parts = Array.from({ length: Math.ceil(ids.length / mostCards) }, (_, at) =>
        ids.slice(at * mostCards, (at + 1) * mostCards),
      )
      const answers = await Promise.all(
        parts.map((patient_ids) => call(patientSearchApi.cards, { body: { patient_ids } })),
      )
      return new Map<string, IdentityCard>(answers.flatMap(({ items }) => items.map((card) => [card.id, card])))
    },
    enabled: isAllowed && ids.length > 0,
    placeholderData: keepPreviousData,
    staleTime: minuteMs,
  })
}
