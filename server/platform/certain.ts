// What cannot be missing, such as the only row of a `select now()`: read as it is, and a bug where it is missing all the same.

/** @throws Error when there is no value */
export function certain<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`there is no ${what}, which cannot be`)
  return value
}
