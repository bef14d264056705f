// What a module says of its search tokens, so that they can be made anew under another index root.
import type { Tx } from '#platform/database/transaction.ts'
import type { Keys } from './keys.ts'

export type TokenSource = {
  table: 'patient_tokens' | 'user_tokens' | 'insurance_tokens'
  /** The column that says what is found by a token. */
  owner: 'patient_id' | 'user_id' | 'insurance_id'
  /** Owners have tokens of several kinds. */
  has_kinds: boolean
  /**
   * Opens what these owners are found by, and writes the tokens that they lack under the roots of `keys`; tokens of other
   * values are removed. Returns the ids of owners that could not be opened: theirs stay as they are.
   */
  backfill(tx: Tx, keys: Keys, ids: readonly string[]): Promise<string[]>
}
