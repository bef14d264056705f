// A time that is held while the form about it is filled: nobody else gets it meanwhile, and it is given back when the form is left.
import { useCallback, useEffect, useRef, useState } from 'react'
import type { Problem } from '#platform/contract/problem.ts'
import { call } from '../connection/call.ts'
import { problemOf } from '../connection/problem-of.ts'
import { type Hold, holdApi, type HoldRequest } from '#contracts/appointments/hold'

export type HeldTime = Pick<HoldRequest, 'doctor_id' | 'appointment_time'> &
  Partial<Pick<HoldRequest, 'patient_id' | 'priority'>>

/** One after the other: a time is given back before it is asked for again. */
let last: Promise<unknown> = Promise.resolve()
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const done = last.then(work)
  last = done.catch(() => undefined)
  return done
}

/** `error` where the time cannot be had; where only the holding failed, booking goes without it. */
export function useHold(wanted: HeldTime | undefined) {
  const [state, setState] = useState<{ hold?: Hold; error?: Problem }>({})
  const booked = useRef<string>(undefined)
  const key = wanted && JSON.stringify(wanted)
  useEffect(() => {
    if (key === undefined) return
    let isWanted = true
    const made = inTurn(async () => (isWanted ? call(holdApi.make, { body: JSON.parse(key) as HeldTime }) : undefined))
    made.then(
      (hold) => isWanted && hold && setState({ hold }),
      (error: unknown) => isWanted && setState({ error: problemOf(error) }),
    )
    return () => {
      isWanted = false
      setState({})
      void inTurn(async () => {
        const hold = await made.catch(() => undefined)
        if (!hold || booked.current === hold.id) return
        // It ends by itself where this is not heard.
        await call(holdApi.release, { params: { hold_id: hold.id } }).catch(() => undefined)
      })
    }
  }, [key])
  /** It is an appointment now, and not given back. */
  const keep = useCallback((hold_id: string | undefined) => void (booked.current = hold_id), [])
  return { ...state, keep }
}
