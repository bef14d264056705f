import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestDatabase, dropTestDatabase } from '../../testing.ts'
import { copyRows } from './copy-rows.ts'
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
