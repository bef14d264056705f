import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { createTestDatabase, dropTestDatabase } from '../../testing.ts'
import { copyRows } from './copy-rows.ts'
import { BackupFailed } from './failures.ts'
import { connectOwner } from './log.ts'

test('a place for backups that is full in the middle of a table is told, and ends the copy', async () => {
  const owner_url = await createTestDatabase()
  const client = await connectOwner(owner_url)
  try {
    // More than the ways in between can hold.
    await client.query(`insert into events (type, subject_type, subject_id, payload)
      select 'test', 'test', uuidv7(), jsonb_build_object('text', repeat('x', 500)) from generate_series(1, 40000)`)
    const write = async (_part: string, content: AsyncIterable<Buffer>) => {
      let bytes = 0
      for await (const part of content) {
        bytes += part.length
        if (bytes > 1_000_000) throw new Error('no space is left')
      }
      return { bytes }
    }
    await assert.rejects(copyRows({ client, write, log: () => undefined }), /no space is left/)
  } finally {
    await client.end()
    await dropTestDatabase(owner_url)
  }
})

const nowhere = { write: async () => ({ bytes: 0 }), log: () => undefined }
const refused = (words: RegExp) => (error: unknown) => error instanceof BackupFailed && words.test(error.message)

test('a database that holds no OpenWard is told, and is no backup', async () => {
  const owner_url = await createTestDatabase()
  const client = await connectOwner(owner_url)
  try {
    await client.query('drop schema public, openward, pgboss cascade')
    await assert.rejects(
      copyRows({ client, ...nowhere }),
      refused(/DATABASE_URL holds no OpenWard: nothing to back up/),
    )
  } finally {
    await client.end()
    await dropTestDatabase(owner_url)
  }
})

test('a table that a migration adds while the copy waits for it ends the copy, which would lack it', async () => {
  const owner_url = await createTestDatabase()
  const [client, migrating] = [await connectOwner(owner_url), await connectOwner(owner_url)]
  try {
    await migrating.query('begin')
    await migrating.query('lock table patients in access exclusive mode')
    const copied = assert.rejects(copyRows({ client, ...nowhere }), refused(/is being migrated: try again/))
    const waiting = `select from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())`
    while ((await migrating.query(waiting)).rowCount === 0) await wait(10)
    await migrating.query('create table public.added (id uuid)')
    await migrating.query('commit')
    await copied
  } finally {
    await client.end()
    await migrating.end()
    await dropTestDatabase(owner_url)
  }
})
