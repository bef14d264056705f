// What a process keeps in memory to save a question: no more than so many, the oldest goes first.
export function remember<Key, Value>(known: Map<Key, Value>, key: Key, value: Value, most: number): void {
  known.delete(key)
  known.set(key, value)
  for (const oldest of known.keys().take(Math.max(0, known.size - most))) known.delete(oldest)
}
