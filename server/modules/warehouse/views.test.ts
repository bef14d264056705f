// What analysts are given: views that fit the files, and a document that tells of every column.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { tableNames, tables } from './columns.ts'
import { synapseFile, synapseStatements } from './views.ts'

const root = join(import.meta.dirname, '../../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

describe('the views for Azure Synapse', () => {
  it('are those of deploy/azure/synapse.sql', () => assert.equal(read('deploy/azure/synapse.sql'), synapseFile))

  it('have every table with its columns, each once, and its key', () => {
    const statements = synapseStatements('abfss://f@a.dfs.core.windows.net/p')
    for (const name of tableNames) {
      const { columns, key } = tables[name]
      const view = statements.find((statement) => statement.startsWith(`create or alter view dbo.${name} as`)) ?? ''
      const typed = [...view.matchAll(/^ {17}\[(\w+)\] (varchar|int|float|bit|date|datetime2)/gm)].map(
        ([, column]) => column,
      )
      assert.deepEqual(
        typed,
        columns.map((column) => column.name),
        name,
      )
      assert.ok(
        view.includes(`partition by ${key.map((column) => `written.[${column}]`).join(', ')} order by runs.run desc`),
        name,
      )
    }
    assert.equal(statements.length, tableNames.length + 2)
  })
})

describe('docs/warehouse.md', () => {
  it('tells of every table, its key and each of its columns', () => {
    const rows = read('docs/warehouse.md')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
    for (const name of tableNames) {
      const row = rows.find((line) => line.startsWith(`| \`${name}\``)) ?? ''
      const told = [...row.matchAll(/`(\w+)`/g)].map(([, word]) => word)
      const missing = tables[name].columns.map((column) => column.name).filter((column) => !told.includes(column))
      assert.deepEqual(missing, [], name)

      assert.deepEqual(
        [...(row.split(' | ')[2]?.matchAll(/`(\w+)`/g) ?? [])].map(([, word]) => word),
        tables[name].key,
        name,
      )
    }
  })
})
