// What was opened a moment ago: lists and searches open the same again and again. The older half makes room for the newer, and
// nothing is kept for longer than a minute.
export type Recent<Value> = {
  get(name: string): Value | undefined
  set(name: string, value: Value): void
}

const halfMinuteMilliseconds = 30_000

/** Each half keeps `mostInAHalf` at most. */
export function createRecent<Value>(mostInAHalf: number): Recent<Value> {
  let newer = new Map<string, Value>()
  let older = new Map<string, Value>()
  let turning: NodeJS.Timeout | undefined
  /** Whether or not anybody asks, so that what was opened does not stay in memory until the next who opens something. */
  function turn() {
    older = newer
    newer = new Map()
    turning = older.size > 0 ? setTimeout(turn, halfMinuteMilliseconds).unref() : undefined
  }
  return {
    get: (name) => newer.get(name) ?? older.get(name),
    set(name, value) {
      turning ??= setTimeout(turn, halfMinuteMilliseconds).unref()
      if (newer.size >= mostInAHalf) {
        older = newer
        newer = new Map()
      }
      newer.set(name, value)
    },
  }
}

/** One for each keyring: what a test or a rotation opens with another is not given. */
export function recentOf<Owner extends object, Value>(mostInAHalf: number): (owner: Owner) => Recent<Value> {
  const all = new WeakMap<Owner, Recent<Value>>()
  return (owner) => {
    let recent = all.get(owner)
    if (!recent) all.set(owner, (recent = createRecent(mostInAHalf)))
    return recent
  }
}
