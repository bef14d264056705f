// Rows put together by what they have in common, and where the records behind them are listed.
/** Where the appointments are listed; they know no department. */
export function rowsAddress(
  { department_id }: { department_id?: string | undefined },
  doctor_id: string | undefined,
  { from, to }: { from: string; to: string },
): string | null {
  if (department_id !== undefined) return null
  const search = new URLSearchParams({ from, to, ...(doctor_id === undefined ? {} : { doctor_id }) })
  return `/api/v1/appointments?${search.toString()}`
}

/** Groups in the order of their keys; those in `all` that have no row, too. */
export function grouped<Row, Key>(
  rows: readonly Row[],
  keyOf: (row: Row) => Key,
  all?: readonly Key[],
): [key: Key, group: readonly Row[]][] {
  const groups = Map.groupBy(rows, keyOf)
  const keys = all ?? [...groups.keys()].sort((one, other) => (String(one) < String(other) ? -1 : 1))
  return keys.map((key) => [key, groups.get(key) ?? []])
}
