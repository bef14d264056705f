// A row about reads beside many who sign in at once: each of those costs a password hash.
import { setTimeout as delay } from 'node:timers/promises'
import type { Account } from '../openward-client.ts'
import type { Row } from '../row.ts'
import { createLoadTurn, toLatency } from './load-side.ts'

const crowd = 500
const readers = 10
const staff = 40
/** Sooner than they are told to come again. */
const impatience_ms = 1000

const turnedAway = [429, 503]

/** Has so many sign in at a time until it is told to stop; then how many were let in, turned away, and answered in any other way. */
function startCrowd(
  port: number,
  accounts: readonly Account[],
): () => Promise<Record<'let_in' | 'away' | 'other', number>> {
  const counts = { let_in: 0, away: 0, other: 0 }
  let isOver = false
  const one = async (at: number) => {
    const { email, password } = accounts[at % accounts.length] as Account
    while (!isOver) {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/auth/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username: email, password }),
      })
      await answer.text()
      if (answer.status === 200) counts.let_in += 1
      else {
        counts[turnedAway.includes(answer.status) ? 'away' : 'other'] += 1
        await delay(impatience_ms)
      }
    }
  }
  const all = Promise.all(Array.from({ length: crowd }, (_, at) => one(at)))
  return async () => {
    isOver = true
    await all
    return counts
  }
}

export const sign_ins_row: Row = {
  name: 'reads_beside_sign_ins',
  requirement: `\`GET /patients/{id}\`, ${readers} connections, while ${crowd} sign in at once, each let in or turned away, and then there again within a second`,
  unit: 'ms p95',
  sides: [
    {
      name: 'OpenWard',
      async prepare(world) {
        const { port, treatingDoctor, createStaff } = await world.openward()
        const accounts = await createStaff(staff)
        const { headers, patient_ids } = await treatingDoctor()
        const read = createLoadTurn(world, {
          port,
          headers,
          repeats: true,
          connections: readers,
          createRequests: () => patient_ids.map((id) => ({ method: 'GET', path: `/api/v1/patients/${id}` })),
          measure: toLatency,
        })
        return async (turn, seconds) => {
          const stop = startCrowd(port, accounts)
          const [reading] = await Promise.allSettled([read(turn, seconds)])
          const { let_in, away, other } = await stop()
          if (reading.status === 'rejected') throw reading.reason
          const measured = reading.value
          const detail = `${measured.detail}; ${let_in} let in, ${away} turned away`
          return { value: measured.value, detail, errors: measured.errors + other }
        }
      },
    },
  ],
  promises: [{ at_most: 500 }],
}
