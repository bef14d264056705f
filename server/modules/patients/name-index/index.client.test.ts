import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { newDataKey } from '#platform/encryption/data-key.ts'
import { generateMasterKey, parseMasterKeys } from '#platform/encryption/keyring.ts'
import { sealJson } from '#platform/encryption/sealing.ts'
import { createPeopleGenerator } from './generated-people.testing.ts'
import { type NameIndexClient, type SealedCardRow, startNameIndex } from './index.client.ts'

const masterKeys = generateMasterKey()

function start(t: TestContext, master_keys_text = masterKeys): NameIndexClient {
  const index = startNameIndex({ master_keys_text })
  t.after(() => index.close())
  return index
}

function sealedRow(card: Record<string, string | null>, id: string = randomUUID()): SealedCardRow {
  const key = newDataKey(parseMasterKeys(masterKeys))
  const place = { table: 'patients', column: 'sealed_card', row_id: id }
  return { id, key_id: key.id, kek_id: key.kek_id, wrapped: key.wrapped, sealed_card: sealJson(key, place, card) }
}

const fonseca = { first_name: 'Agustín', middle_name: null, last_name: 'Fonseca', date_of_birth: '1956-08-03' }

test('a patient whose sealed card was added is found by name, and by birth date', async (t) => {
  const index = start(t)
  const row = sealedRow(fonseca)
  assert.deepEqual(await index.addSealed([row]), { unreadable: [] })
  assert.equal(index.size(), 1)
  assert.ok(index.memory_bytes() > 0)
  assert.deepEqual(await index.search('agustin fonsca', { limit: 20 }), [row.id])
  assert.deepEqual(await index.search('', { limit: 20, date_of_birth: '1956-08-03' }), [row.id])
  assert.deepEqual(await index.search('fonseca', { limit: 20, date_of_birth: '1956-08-03' }), [row.id])
})

test('adding a patient again replaces their name, and a removed patient is not found', async (t) => {
  const index = start(t)
  const row = sealedRow(fonseca)
  await index.addSealed([row])
  await index.addSealed([sealedRow({ ...fonseca, last_name: 'Quintero' }, row.id)])
  assert.equal(index.size(), 1)
  assert.deepEqual(await index.search('fonseca', { limit: 20 }), [])
  assert.deepEqual(await index.search('quintero', { limit: 20 }), [row.id])
  await index.remove([row.id, randomUUID()])
  assert.equal(index.size(), 0)
  assert.deepEqual(await index.search('quintero', { limit: 20 }), [])
})

test('cards under a new master key open once that is known', async (t) => {
  const other = generateMasterKey()
  const index = start(t, other)
  const row = sealedRow(fonseca)
  assert.deepEqual(await index.addSealed([row]), { unreadable: [row.id] })
  await index.useMasterKeys(`${masterKeys},${other}`)
  assert.deepEqual(await index.addSealed([row]), { unreadable: [] })
  assert.deepEqual(await index.search('fonseca', { limit: 20 }), [row.id])
})

test('a patient of whom only a name is known is found by it, and by no birth date', async (t) => {
  const index = start(t)
  const row = sealedRow({ last_name: 'Fonseca' })
  await index.addSealed([row])
  assert.deepEqual(await index.search('fonseca', { limit: 20 }), [row.id])
  assert.deepEqual(await index.search('', { limit: 20, date_of_birth: '1956-08-03' }), [])
})

test('an index that meets what it was not made for fails as a whole, to be started anew', async (t) => {
  const index = start(t)
  const row = sealedRow(fonseca)
  const key = newDataKey(parseMasterKeys(masterKeys))
  const place = { table: 'patients', column: 'sealed_card', row_id: row.id }
  const without = {
    ...row,
    key_id: key.id,
    wrapped: key.wrapped,
    sealed_card: sealJson(key, place, { ...fonseca, date_of_birth: 1956 }),
  }
  await assert.rejects(index.addSealed([without]), /the name index failed/)
  assert.match((await index.stopped).message, /failed/)
})

test('cards that do not open are named, and keep nobody else out', async (t) => {
  const index = start(t)
  const good = sealedRow(fonseca)
  const altered = sealedRow({ ...fonseca, first_name: 'Altered' })
  altered.sealed_card[20] = (altered.sealed_card[20] ?? 0) ^ 1
  const moved = { ...sealedRow({ ...fonseca, first_name: 'Moved' }), id: randomUUID() }
  const keyless = { ...sealedRow({ ...fonseca, first_name: 'Keyless' }), kek_id: '0000000000000000' }
  const { unreadable } = await index.addSealed([altered, moved, good, keyless])
  assert.deepEqual(unreadable, [altered.id, moved.id, keyless.id])
  assert.equal(index.size(), 1)
  assert.deepEqual(await index.search('fonseca', { limit: 20 }), [good.id])
})

test('a patient whose new card does not open is no longer found by the old name', async (t) => {
  const index = start(t)
  const row = sealedRow(fonseca)
  await index.addSealed([row])
  await index.addSealed([{ ...row, sealed_card: Buffer.alloc(64) }])
  assert.deepEqual(await index.search('fonseca', { limit: 20 }), [])
})

test('an unidentified person without a name is found by birth date only', async (t) => {
  const index = start(t)
  const row = sealedRow({ date_of_birth: '1956-08-03' })
  await index.addSealed([row])
  assert.deepEqual(await index.search('', { limit: 20, date_of_birth: '1956-08-03' }), [row.id])
})

test('many rows travel in many batches, and rows that are pieces of one block of bytes stay usable', async (t) => {
  const index = start(t)
  const nextPerson = createPeopleGenerator(7, 200, 2_000)
  const people = Array.from({ length: 1_201 }, nextPerson)
  const rows = people.map(({ id, ...card }) => sealedRow(card, id))
  const block = Buffer.concat(rows.map((row) => row.sealed_card))
  let at = 0
  const pieces = rows.map((row) => ({ ...row, sealed_card: block.subarray(at, (at += row.sealed_card.length)) }))
  assert.deepEqual(await index.addSealed(pieces), { unreadable: [] })
  assert.equal(index.size(), people.length)
  assert.ok(block.length > 0)
  const last = people.at(-1)
  assert.ok(last)
  const found = await index.search(`${last.first_name} ${last.last_name}`, {
    limit: 20,
    date_of_birth: last.date_of_birth,
  })
  assert.equal(found[0], last.id)
})

test('whoever waits for an index that is closed is told so, and so is whoever asks later', async (t) => {
  const index = start(t)
  const waits = assert.rejects(index.search('fonseca', { limit: 20 }), /the name index was closed/)
  await index.close()
  await waits
  assert.match((await index.stopped).message, /closed/)
  await assert.rejects(index.remove([]), /the name index was closed/)
})

test('an index whose master keys cannot be read fails, and says so without quoting them', async (t) => {
  const index = start(t, 'not-a-key')
  await assert.rejects(index.search('fonseca', { limit: 20 }), /the name index failed/)
  assert.match((await index.stopped).message, /failed/)
  assert.doesNotMatch(String((await index.stopped).cause), /not-a-key/)
})

test('works under `node --watch`, whose own messages come by the same port', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'openward-watch-'))
  const script = join(folder, 'search.ts')
  const client = new URL('index.client.ts', import.meta.url).href
  writeFileSync(
    script,
    `import { startNameIndex } from ${JSON.stringify(client)}
     const index = startNameIndex({ master_keys_text: ${JSON.stringify(masterKeys)} })
     console.log('found', (await index.search('fonseca', { limit: 20 })).length)
     await index.close()`,
  )
  const child = spawn(process.execPath, ['--watch', script], { stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    let output = ''
    const answered = Promise.withResolvers<void>()
    const read = (chunk: Buffer) => {
      output += chunk.toString()
      if (/found 0|Failed running/.test(output)) answered.resolve()
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    await answered.promise
    assert.match(output, /found 0/)
  } finally {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
})
