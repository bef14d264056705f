// Birth dates as the name index compares them: as numbers, day and month also exchanged.

/** The day asked for, and the one that a person may have meant; 0 for none. */
export type BirthDays = { exact: number; exchanged: number }

/** A date as a number, 19560803; 0 for none. */
export function birthDay(date: string | null): number {
  return date === null ? 0 : Number(date.replaceAll('-', ''))
}

export function birthDays(date: string): BirthDays {
  const exact = birthDay(date)
  const year = Math.floor(exact / 10_000)
  const month = Math.floor(exact / 100) % 100
  const day = exact % 100
  return { exact, exchanged: day <= 12 ? year * 10_000 + day * 100 + month : 0 }
}

export function birthDayLikeness(born: number, days: BirthDays): number {
  if (born === 0) return 0
  return born === days.exact ? 1 : born === days.exchanged ? 0.5 : 0
}
