import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startTestApi, type TestApi } from '../testing.ts'
import { CommandFailed } from './command.ts'
import { importFile, openFile } from './import.ts'

let api: TestApi
let directory: string
before(async () => {
  api = await startTestApi()
  directory = mkdtempSync(join(tmpdir(), 'openward-import-'))
})
after(async () => {
  rmSync(directory, { recursive: true })
  await api[Symbol.asyncDispose]()
})

async function printed(path: string, options: { dry_run?: boolean; verbose?: boolean } = {}): Promise<string> {
  let text = ''
  await using file = await openFile(path)
  await importFile(api.system, file, {
    dry_run: false,
    verbose: false,
    ...options,
    print: (more) => void (text += more),
  })
  return text
}

describe('openward import', () => {
  it('prints each refused row and a summary, and can be run again', async () => {
    const path = join(directory, 'patients.csv')
    const lines = [
      'first_name,last_name,date_of_birth,gender,phone_primary',
      'Ana,Ruiz,1984-02-29,female,(415) 555-2671',
      'Luis,Ruiz,1984-02-30,MALE,(415) 555-2671',
    ]
    writeFileSync(path, lines.join('\n'))
    const refused = 'line 3, date_of_birth: A birth date is a real day, written YYYY-MM-DD.\n'
    assert.equal(
      await printed(path, { dry_run: true }),
      `${refused}2 rows: 1 fit to be registered, 0 known, 1 refused\n`,
    )
    assert.equal(await printed(path), `${refused}2 rows: 1 registered, 0 known, 1 refused\n`)
    assert.equal(await printed(path), `${refused}2 rows: 0 registered, 1 known, 1 refused\n`)
  })

  it('refuses what is not there and what is no file, in a sentence', async () => {
    const refused = (path: string) =>
      openFile(path).then(
        () => assert.fail(`${path} was opened`),
        (error: unknown) =>
          error instanceof CommandFailed ? [error.exit_code, error.message] : assert.fail(error as Error),
      )
    const absent = join(directory, 'absent.csv')
    assert.deepEqual(await refused(absent), [2, `${absent} does not exist`])
    assert.deepEqual(await refused(directory), [2, `${directory} is no file`])
    const beneath = join(directory, 'patients.csv', 'beneath.csv')
    assert.deepEqual(await refused(beneath), [2, `${beneath} cannot be read (ENOTDIR)`])
  })

  it('refuses a file that has other columns, and says which', async () => {
    const path = join(directory, 'other.csv')
    writeFileSync(path, 'name\nAna')
    await assert.rejects(
      printed(path),
      (error) => error instanceof CommandFailed && error.exit_code === 2 && /column 1/.test(error.message),
    )
  })

  const material = join(import.meta.dirname, '../../../shared/material/synthea/patients.csv')
  const missing = existsSync(material) ? false : 'the synthetic people are not beside this checkout'
  it('registers the synthetic people that others made', { skip: missing }, async (t) => {
    const rows = readFileSync(material, 'utf8').trim().split('\n').slice(1)
    const ids = rows.map((row) => row.split(',')[12] ?? '').filter((id) => id !== '')
    // Two of these people have the same driver's licence.
    const repeated = ids.length - new Set(ids).size
    const registered = rows.length - repeated
    assert.ok(registered > 600)
    const text = await printed(material, { verbose: true })
    t.diagnostic(text)
    assert.match(text, new RegExp(`${rows.length} rows: ${registered} registered, 0 known, ${repeated} refused`))
    assert.match(
      await printed(material),
      new RegExp(`${rows.length} rows: 0 registered, ${registered} known, ${repeated} refused`),
    )
  })
})
