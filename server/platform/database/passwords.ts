// Which of several passwords the database accepts: while the master key is replaced, the password of the role that serves
// requests is derived from the one or the other, as the server that started last has set it.
import pg from 'pg'
import { certain } from '#platform/certain.ts'
import { isDatabaseError } from './connection.ts'

/** The first of the passwords with which the address can be opened; the first one of all where none can, or the database is away. */
export async function firstAccepted(
  passwords: readonly string[],
  urlOf: (password: string) => string,
): Promise<string> {
  for (const password of passwords) {
    const client = new pg.Client({ connectionString: urlOf(password), connectionTimeoutMillis: 2000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      return password
    } catch (error) {
      if (!isDatabaseError(error) || error.code !== '28P01') break
    } finally {
      await client.end().catch(() => undefined)
    }
  }
  return certain(passwords[0], 'password')
}
