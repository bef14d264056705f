// The local days that figures are asked of, and which of them have to be counted from the records. Pure.

/** `bounds`: the first instants of the days in order, and the end of the last; days are numbered from 1. */
export type Window = {
  bounds: readonly string[]
  /** Undefined for everybody. */
  doctor_id: string | undefined
}

/** Whole days, and days of single doctors. */
export type Open = {
  days: readonly number[]
  of_doctors: readonly { doctor_id: string; day_number: number }[]
}

export function everyDay({ bounds }: Window): Open {
  return { days: bounds.slice(1).map((_, at) => at + 1), of_doctors: [] }
}

export function isNothing({ days, of_doctors }: Open): boolean {
  return days.length === 0 && of_doctors.length === 0
}

/** From the first of these days to the last; nothing where there are none. */
export function timesOf({ bounds }: Window, days: readonly number[]): { starts_at: string; ends_at: string } {
  const first = days.reduce((least, day) => Math.min(least, day), Infinity)
  const last = days.reduce((most, day) => Math.max(most, day), 0)
  const nothing = bounds[0] ?? ''
  return { starts_at: bounds[first - 1] ?? nothing, ends_at: bounds[last] ?? nothing }
}

/** The stretches of neighbouring days that are open for a doctor, in order: numbers of the first and the last. */
export function stretchesOfDoctor({ days, of_doctors }: Open): (doctor_id: string) => (readonly [number, number])[] {
  const own = Map.groupBy(of_doctors, ({ doctor_id }) => doctor_id)
  return (doctor_id) => {
    const numbers = new Set([...days, ...(own.get(doctor_id) ?? []).map(({ day_number }) => day_number)])
    const stretches: [number, number][] = []
    for (const number of [...numbers].sort((one, other) => one - other)) {
      const last = stretches.at(-1)
      if (last?.[1] === number - 1) last[1] = number
      else stretches.push([number, number])
    }
    return stretches
  }
}
