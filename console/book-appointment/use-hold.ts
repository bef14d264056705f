// A time that is held while the form about it is filled: nobody else gets it meanwhile, and it is given back when the form is left.
import { useCallback, useEffect, useRef, useState } from 'react'
import type { z } from 'zod'
import type { Problem } from '#platform/contract/problem.ts'
import { call } from '../connection/call.ts'
import { problemOf } from '../connection/problem-of.ts'
import { appointmentApi, type AppointmentRequest } from '#contracts/appointments/appointment'
import { type Hold, holdApi, type HoldRequest } from '#contracts/appointments/hold'

type AppointmentBody = z.input<typeof AppointmentRequest>
export type HeldTime = Pick<HoldRequest, 'doctor_id' | 'appointment_time'> &
  Partial<Pick<HoldRequest, 'patient_id' | 'priority'>>

/** One after the other: a time is given back before it is asked for again. */
let last: Promise<unknown> = Promise.resolve()
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const done = last.then(work)
  last = done.catch(() => undefined)
  return done
}

/** Waits until no time is being held or given back by this window. */
export function holdsSettled(): Promise<unknown> {
  return last
}

/** `error` where the time cannot be had; where only the holding failed, booking goes without it. */
export function useHold(wanted: HeldTime | undefined) {
  const [state, setState] = useState<{ hold?: Hold; error?: Problem }>({})
  const making = useRef<Promise<Hold | undefined>>(undefined)
  const booked = useRef<string>(undefined)
  const key = wanted && JSON.stringify(wanted)
  useEffect(() => {
    if (key === undefined) return
    let isWanted = true
    let held: Hold | undefined
    const giveBack = async ({ id }: Hold) => {
      if (booked.current === id) return
      // It ends by itself where this is not heard.
      await call(holdApi.release, { params: { hold_id: id } }).catch(() => undefined)
    }
    // Whoever loads the page again would find the time taken, by themselves.
    const leave = () => held && void giveBack(held)
    addEventListener('pagehide', leave)
    const made = inTurn(async () => (isWanted ? call(holdApi.make, { body: JSON.parse(key) as HeldTime }) : undefined))
    making.current = made
    made.then(
      (hold) => {
        held = hold
        if (isWanted && hold) setState({ hold })
      },
      (error: unknown) => isWanted && setState({ error: problemOf(error) }),
    )
    return () => {
      removeEventListener('pagehide', leave)
      isWanted = false
      making.current = undefined
      setState({})
      void inTurn(async () => {
        const hold = await made.catch(() => undefined)
        if (hold) await giveBack(hold)
      })
    }
  }, [key])
  /** What to book with: from then on it is not given back. `undo` where it was not booked. */
  const take = useCallback(async () => {
    const hold = await making.current?.catch(() => undefined)
    booked.current = hold?.id
    return hold ? { hold_id: hold.id } : {}
  }, [])
  const undo = useCallback(() => void (booked.current = undefined), [])
  return { ...state, take, undo }
}

/** Books with the time that is held; without it where it has ended meanwhile, as the time may still be free. @throws Problem */
export async function bookHeld(held: { hold_id?: string }, body: Omit<AppointmentBody, 'hold_id'>) {
  try {
    return await call(appointmentApi.book, { body: { ...body, ...held } })
  } catch (error) {
    if (held.hold_id === undefined || problemOf(error).kind.code !== 'hold_ended') throw error
    return call(appointmentApi.book, { body })
  }
}
