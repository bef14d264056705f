// The stretch of time in which the most different things happened.

export type Happening = {
  /** RFC 3339. */
  at: string
  /** What counts once, however often it happens. */
  key: string
}

export type Stretch = { first_at: string; last_at: string; different: number; count: number }

/** Of all stretches of `minutes`, the first with the most different keys. `happenings` come in the order of time. */
export function densest(happenings: readonly Happening[], minutes: number): Stretch | undefined {
  const times = happenings.map(({ at }) => Temporal.Instant.from(at).epochMilliseconds)
  const inside = new Map<string, number>()
  let best: Stretch | undefined
  let from = 0
  for (const [to, { at, key }] of happenings.entries()) {
    inside.set(key, (inside.get(key) ?? 0) + 1)
    const earliest = (times[to] ?? 0) - minutes * 60_000
    for (; (times[from] ?? 0) < earliest; from += 1) leave(inside, happenings[from]?.key ?? '')
    if (inside.size > (best?.different ?? 0))
      best = { first_at: happenings[from]?.at ?? at, last_at: at, different: inside.size, count: to - from + 1 }
  }
  return best
}

function leave(inside: Map<string, number>, key: string) {
  const left = (inside.get(key) ?? 0) - 1
  if (left > 0) inside.set(key, left)
  else inside.delete(key)
}
