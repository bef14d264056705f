// What the main thread and the worker of the name index say to each other.
import type { NameSearch } from './name-index.ts'

/** The master keys in the form of OPENWARD_MASTER_KEY. */
export type WorkerSettings = { master_keys_text: string }

export type Request =
  | { kind: 'add_sealed'; packed: Uint8Array<ArrayBuffer> }
  | { kind: 'master_keys'; text: string }
  | { kind: 'remove'; ids: readonly string[] }
  | { kind: 'search'; text: string; options: NameSearch }

/** Requests travel in lists, and so do their answers. */
export type NumberedRequest = { request_number: number; request: Request }

/** Every answer says how large the index is by now. `ids` are packed; `unreadable` are the ids whose card or key did not open. */
export type Answer = {
  request_number: number
  size: number
  memory_bytes: number
  ids: string
  unreadable: string[]
}
