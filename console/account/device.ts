// A device by the words that its browser sends: enough to tell a telephone from the desk, and never more than a guess.
const browsers = [
  ['Edg/', 'Edge'],
  ['OPR/', 'Opera'],
  ['Firefox/', 'Firefox'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
] as const
const systems = [
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Android', 'Android'],
  ['Windows', 'Windows'],
  ['Mac OS X', 'macOS'],
  ['CrOS', 'ChromeOS'],
  ['Linux', 'Linux'],
] as const

export function deviceOf(user_agent: string | null): string | undefined {
  const named = (list: readonly (readonly [string, string])[]) => list.find(([mark]) => user_agent?.includes(mark))?.[1]
  const words = [named(browsers), named(systems)].filter((word) => word !== undefined)
  return words.length > 0 ? words.join(', ') : undefined
}
