// Rows put together by what they have in common.
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
