// The two ways in which stored secrets fail: the bytes are not what was written, or their key is not here.

/**
 * A stored value is not the one that was sealed for this place under this key. Moved, altered, cut and
 * downgraded values all give the same error, so that nobody can learn from it how close a forgery came.
 */
export class IntegrityError extends Error {
  /** `table.column` of a sealed value, or the purpose of a wrapped key; never a value. */
  readonly where: string
  readonly row_id: string

  constructor(where: string, rowId: string) {
    super(`integrity check failed: ${where}, id ${rowId}`)
    this.name = 'IntegrityError'
    this.where = where
    this.row_id = rowId
  }
}

/** The key-encryption key that wrapped this is not among the master keys of this server. */
export class KeyUnavailable extends Error {
  readonly kek_id: string

  constructor(kekId: string) {
    super(
      `the master key with the id ${kekId} is not configured: add it behind the newest one (comma-separated) until every key is wrapped anew`,
    )
    this.name = 'KeyUnavailable'
    this.kek_id = kekId
  }
}

/** For what must not fail others with it: `otherwise` where the stored value is not what was written, or its key is not here. */
export function unlessUnreadable<Opened, Other>(
  open: () => Opened,
  otherwise: (error: Error) => Other,
): Opened | Other {
  try {
    return open()
  } catch (error) {
    if (error instanceof IntegrityError || error instanceof KeyUnavailable) return otherwise(error)
    throw error
  }
}
