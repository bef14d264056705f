// Who is in a department, as its board shows them, and the alerts that wait for somebody.
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { call } from '../connection/call.ts'
import type { Concerns } from '../connection/concerns.ts'
import { worklistApi } from '#contracts/assessments/worklist'
import { departmentApi } from '#contracts/departments/department'
import { visitApi, type Waiting } from '#contracts/visits/visit'

const minuteMs = 60_000

export const boardConcerns: Concerns = {
  'visit.*': [['board'], ['visit']],
  'assessment.*': [['board'], ['alerts'], ['assessments']],
  'patient.*': [['board']],
}

/** In the order in which somebody goes through them. */
export const columns = ['registered', 'triaged', 'in_progress', 'admitted'] as const
export type Column = (typeof columns)[number]

export function useDepartments() {
  return useQuery({
    queryKey: ['departments'],
    queryFn: () => call(departmentApi.list, {}).then(({ items }) => items.filter(({ is_active }) => is_active)),
    staleTime: 5 * minuteMs,
  })
}

export function useBoard(department_id: string | undefined) {
  return useQuery({
    queryKey: ['board', department_id],
    queryFn: () =>
      call(visitApi.queue, { query: { department_id: department_id ?? '', status: 'open' } }).then(
        ({ items }) => items,
      ),
    enabled: department_id !== undefined,
    // Live events tell of changes; this is for what they might not.
    refetchInterval: minuteMs,
  })
}

export function useAlerts() {
  return useQuery({
    queryKey: ['alerts'],
    queryFn: () => call(worklistApi.alerts, {}).then(({ items }) => items),
    refetchInterval: minuteMs,
  })
}

/** The server sorts by urgency, and among those who are as urgent as each other by how long they are here. */
export function inOrder(items: readonly Waiting[], order: 'urgency' | 'wait'): Waiting[] {
  return order === 'urgency' ? [...items] : items.toSorted((a, b) => a.opened_at.localeCompare(b.opened_at))
}

export function nameOfWaiting({ first_name, last_name }: Waiting, unnamed: string): string {
  return [first_name, last_name].filter((part) => part !== null).join(' ') || unnamed
}

/** Minutes since somebody came, counted on while the page stands. */
export function useMinutesSince(): (instant: string) => number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const tick = setInterval(() => setNow(Date.now()), 15_000)
    return () => clearInterval(tick)
  }, [])
  return (instant) => Math.max(0, Math.floor((now - Date.parse(instant)) / minuteMs))
}
