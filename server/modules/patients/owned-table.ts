// What is said of a table with a patient in it.

/** What no export shows of any row. */
export const internal = ['key_id', 'patient_id'] as const

export type OwnedTable = {
  table: string
  /** The column that names the patient. */
  patient: string
  /** What names one row; null where a row has no name of its own. */
  id: string | null
  /**
   * `moves`: its rows become the survivor's, and go back when the merge is undone.
   * `follows`: as the row of another table that it belongs to.
   * `computed`: made again from the records.
   * `stays`: it tells what happened, or is the record itself.
   */
  merge: 'moves' | 'follows' | 'computed' | 'stays'
  follows?: { table: string; column: string }
  /** Columns of which no two rows of one patient may have the same values: such a row stays behind. */
  unique_with?: readonly string[]
  /** Of which one row of a patient may be true: that of the merged record becomes false. */
  single?: string
  /** Rows have a `version`, so that a change after the merge is seen. */
  versioned?: true
  /** Rows written after a merge are put before a person when it is undone, but for those that accompany another. */
  decided?: true
  /** Rows written after a merge go with the row whose id this column holds. */
  accompanies?: string
  /** Columns sealed under the key that `key_id` names. */
  sealed?: readonly string[]
  /** When something last happened to a row: retention counts from there. Null: it is no activity of care. */
  activity: string | null
  /** A range of time whose end counts too. */
  during?: string
  /** Under which name the rows are in the patient's own copy, and without which columns; null: not a fact about the person. */
  export: {
    file: string
    without?: readonly string[]
    /** Rows with another value of a column are in no copy. */
    only?: Readonly<Record<string, readonly string[]>>
    /** A row in which this is not null was taken out of the record. */
    unless?: string
  } | null
  /** Each row has a file in the document store, and these columns tell of it. */
  content?: {
    name: string
    /** Sealed: the key of the file. */
    key: string
    /** Sealed: what the file is called, and its hash. */
    label: string
    size_bytes: string
    /** Is true of those whose file may be given away. */
    shown: { column: string; value: string }
    /** Is true of those that were let through without a look, which production gives nobody. */
    unscanned: string
  }
  /** `unreadable`: the row stays, what is sealed in it opens no more. */
  erasure: 'deleted' | 'unreadable' | 'kept'
}
