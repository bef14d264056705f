// The OpenAPI document as a linter of others reads it.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { packageCommand } from '../../bin/processes.ts'
import { startTestApi } from '../../server/testing.ts'

type Report = { totals: { errors: number; warnings: number }; problems: { severity: string; ruleId: string }[] }

const folder = mkdtempSync(join(tmpdir(), 'openward-lint-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Of the rules that @redocly/cli recommends. */
async function lint(document: unknown): Promise<Report> {
  const path = join(folder, 'openapi.json')
  writeFileSync(path, JSON.stringify(document))
  const command = [packageCommand('@redocly/cli', 'redocly'), 'lint', path, '--format=json', '--max-problems=1000']
  const { promise, resolve, reject } = Promise.withResolvers<Report>()
  // In a folder without a configuration of its own, and told to call nobody.
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    REDOCLY_TELEMETRY: 'off',
    REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true',
  }
  execFile(process.execPath, command, { cwd: folder, env, maxBuffer: 2 ** 26 }, (_error, stdout, stderr) => {
    // It ends with another status when it has found an error: the report says it.
    try {
      resolve(JSON.parse(stdout) as Report)
    } catch (error) {
      reject(new Error(`the linter did not report: ${stderr.slice(-1500)}`, { cause: error }))
    }
  })
  return promise
}

describe('a linter of OpenAPI documents', () => {
  it('finds no error in the document, and does find one that is put there', async (t) => {
    await using api = await startTestApi()
    const document = (await api.app.http.inject({ url: '/openapi.json' })).json<{
      paths: Record<string, Record<string, { responses: unknown; parameters: unknown[] }>>
    }>()
    const { totals, problems } = await lint(document)
    const errors = problems.filter(({ severity }) => severity === 'error')
    assert.deepEqual([totals.errors, errors], [0, []])
    t.diagnostic(`${totals.warnings} warnings`)

    const [operation] = Object.values(document.paths['/api/v1/patients/{patient_id}'] ?? {})
    assert.ok(operation)
    operation.parameters = []
    const broken = await lint(document)
    assert.ok(broken.totals.errors > 0)
    assert.ok(broken.problems.some(({ ruleId }) => ruleId === 'path-parameters-defined'))
  })
})
