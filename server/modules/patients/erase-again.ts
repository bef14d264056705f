// Erases anew who was erased after the moment that a database was restored to.
import { destroy } from './erasure.service.ts'
import { findMixedMerge } from './erasure.store.ts'
import { unmergeRecords } from './merge-undo.ts'
import { lockRecords } from './merge.store.ts'
import { unattendedDatabase } from './unattended.ts'
import { Problem } from '#platform/contract/problem.ts'
import type { System } from '#platform/context.ts'
import { violatedConstraint } from '#platform/database/constraint.ts'
import type { Database } from '#platform/database/transaction.ts'

/** `left`: whom a person has to erase, since what was written while they were one with somebody else has to be assigned first. */
export type ErasedAgain = { erased: number; left: string[] }

/** Erases those of these records that the database holds again. Whether they may be erased was decided then. */
export async function eraseAgain(system: System, ids: readonly string[]): Promise<ErasedAgain> {
  const database = unattendedDatabase(system, { role: 'system', correlation_id: 'restore' })
  const left = await separate(database, system, ids)
  let erased = 0
  for (const patient_id of ids.filter((id) => !left.has(id))) {
    await database.transaction(async (tx) => {
      const [record] = await lockRecords(tx, [patient_id])
      if (!record || record.erased_at !== null) return
      await destroy(tx, system, { patient_id, ids: [patient_id], reason: 'Erased before the database was restored' })
      erased += 1
    })
  }
  return { erased, left: [...left] }
}

/**
 * Whoever was erased is taken apart from those who were not: a merge of theirs was undone between the moment of the database and the
 * erasure, and their keys and rows lie under one record again. Returns whom this does not separate for certain.
 */
async function separate(database: Database, system: System, ids: readonly string[]): Promise<Set<string>> {
  const left = new Set<string>()
  for (;;) {
    const listed = ids.filter((id) => !left.has(id))
    const mixed = await database.transaction((tx) => tx.first(findMixedMerge(listed)))
    if (!mixed) return left
    const { merge_id, survivor_id, merged_id } = mixed
    try {
      const { undecided } = await database.transaction((tx) =>
        unmergeRecords(tx, { system, user_id: undefined }, survivor_id, {
          merge_id,
          reason: 'Undone again: one of both was erased alone before the database was restored',
        }),
      )
      const both = listed.filter((id) => id === survivor_id || id === merged_id)
      if (undecided.length > 0) for (const id of both) left.add(id)
    } catch (error) {
      if (!(error instanceof Problem) && violatedConstraint(error) === undefined) throw error
      system.log.warn({ err: error, merge_id }, 'a merge could not be undone: who was erased since is left to a person')
      for (const id of mixed.listed) left.add(id)
    }
  }
}
