// What the embedded database says when it cannot run: always with the way out.

/** The embedded database cannot run here; the message says why and that DATABASE_URL is the alternative. */
export class EmbeddedDatabaseUnavailable extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(
      `The embedded database cannot run here: ${reason}. Alternatively set DATABASE_URL to a PostgreSQL 18 or later.`,
      options,
    )
    this.name = 'EmbeddedDatabaseUnavailable'
  }
}
