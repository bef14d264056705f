// How old somebody is on a day.
export type Age = { years: number; months: number }

/** Whole years, and whole months for those who have few years. */
export function ageOf(date_of_birth: string | null, today = new Date()): Age | undefined {
  if (date_of_birth === null) return undefined
  const [year = 0, month = 0, day = 0] = date_of_birth.split('-').map(Number)
  const passed = today.getDate() >= day ? 0 : 1
  const months = (today.getFullYear() - year) * 12 + (today.getMonth() + 1 - month) - passed
  return months < 0 ? undefined : { years: Math.floor(months / 12), months }
}
