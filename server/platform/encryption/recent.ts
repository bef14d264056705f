// What was opened a moment ago: lists and searches open the same again and again. The older half makes room for the newer, and
// nothing is given after a minute.
export type Recent<Value> = {
  get(name: string): Value | undefined
  set(name: string, value: Value): void
}

const keptMilliseconds = 60_000
const mostInAHalf = 5000

export function createRecent<Value>(): Recent<Value> {
  type Half = Map<string, { value: Value; until: number }>
  let newer: Half = new Map()
  let older: Half = new Map()
  return {
    get(name) {
      const known = newer.get(name) ?? older.get(name)
      return known && known.until > performance.now() ? known.value : undefined
    },
    set(name, value) {
      if (newer.size >= mostInAHalf) {
        older = newer
        newer = new Map()
      }
      newer.set(name, { value, until: performance.now() + keptMilliseconds })
    },
  }
}

/** One for each keyring: what a test or a rotation opens with another is not given. */
export function recentOf<Owner extends object, Value>(): (owner: Owner) => Recent<Value> {
  const all = new WeakMap<Owner, Recent<Value>>()
  return (owner) => {
    let recent = all.get(owner)
    if (!recent) all.set(owner, (recent = createRecent()))
    return recent
  }
}
