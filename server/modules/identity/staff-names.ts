// The names of those who work here, for modules that compare them or show who did something.
import { setImmediate as turn } from 'node:timers/promises'
import type { Context, System } from '#platform/context.ts'
import type { Database } from '#platform/database/transaction.ts'
import { unlessUnreadable } from '#platform/encryption/failures.ts'
import { openProfile, type SealedProfile } from './profiles.ts'
import { findProfiles, findStaffProfiles } from './user-directory.store.ts'

export type StaffName = { first_name: string; last_name: string }

/** Opened in one turn of the event loop, in about 5 ms. */
const openedTogether = 1000

/** By id, of everyone who works here or did; an account that does not open is left out. */
export async function readStaffNames(
  database: Database,
  { keys }: Pick<System, 'keys'>,
): Promise<Map<string, StaffName>> {
  const names = new Map<string, StaffName>()
  for (let after: string | undefined, rows: SealedProfile[]; ; after = rows.at(-1)?.id) {
    rows = await database.once((tx) => tx.rows(findProfiles({}, after, openedTogether)))
    for (const row of rows) {
      unlessUnreadable(
        () => {
          const { first_name, last_name } = openProfile(keys, row)
          names.set(row.id, { first_name, last_name })
        },
        () => undefined,
      )
    }
    if (rows.length < openedTogether) return names
    await turn()
  }
}

/** Of those asked for; an account that does not open is left out. */
export async function listStaffNames({ database, system }: Context, ids: readonly string[]) {
  const rows = await database.once((tx) => tx.rows(findStaffProfiles(ids)))
  return {
    items: rows.flatMap((row) =>
      unlessUnreadable(
        () => {
          const { first_name, last_name } = openProfile(system.keys, row)
          return [{ id: row.id, first_name, last_name }]
        },
        () => [],
      ),
    ),
  }
}

/** Null where the account does not open. */
export function nameOfAccount(keys: System['keys'], row: SealedProfile): string | null {
  return unlessUnreadable(
    () => {
      const { first_name, last_name } = openProfile(keys, row)
      return `${first_name} ${last_name}`.trim()
    },
    () => null,
  )
}
