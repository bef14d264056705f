// `npm run bench`: measures OpenWard against its opponents, row by row, and writes docs/performance.md.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { AbsentError } from './absent.ts'
import { readOptions, usage, type Options } from './options.ts'
import { readVersion } from './postgres.ts'
import { describeMachine, type RunFacts, showForTerminal, writeDocument } from './report.ts'
import type { RowResult } from './row.ts'
import { grown_rows, usual_rows } from './rows.ts'
import { runRow } from './run-row.ts'
import { createWorld, usual_people, type World } from './world.ts'

const project = join(import.meta.dirname, '..')
const document = join(project, 'docs', 'performance.md')

async function describeReference(world: World): Promise<string> {
  try {
    return (await world.reference()).description
  } catch (error) {
    if (error instanceof AbsentError) return 'no reference on this machine'
    throw error
  }
}

async function describeRun(world: World, options: Options, date: string): Promise<RunFacts> {
  const fastify: { version: string } = JSON.parse(
    readFileSync(join(project, 'node_modules', 'fastify', 'package.json'), 'utf8'),
  )
  const versions = [
    `Node ${process.versions.node}`,
    `PostgreSQL ${await readVersion(world.postgres)}`,
    `Fastify ${fastify.version}`,
    `reference: ${await describeReference(world)}`,
  ].join('; ')
  const { seconds, rounds, people } = options
  return { date, ...describeMachine(), versions, driver: world.driver.name, seconds, rounds, people }
}

function chooseRows(options: Options): { row: (typeof usual_rows)[number]; people: number }[] {
  const rows = [
    ...usual_rows.map((row) => ({ row, people: usual_people })),
    ...grown_rows.map((row) => ({ row, people: Math.max(options.people, usual_people) })),
  ]
  const names = rows.map(({ row }) => row.name)
  const unknown = options.only.filter((name) => !names.includes(name))
  if (unknown.length > 0) throw new Error(`there is no row ${unknown.join(', ')}; there are ${names.join(', ')}`)
  return rows.filter(({ row }) => (options.only.length === 0 ? !row.named_only : options.only.includes(row.name)))
}

async function runAll(options: Options): Promise<void> {
  const rows = chooseRows(options)
  const date = Temporal.Now.plainDateISO('UTC').toString()
  const world = await createWorld(options)
  // A second Ctrl-C still ends the run at once.
  process.once('SIGINT', () => void world.stop().finally(() => process.exit(130)))
  try {
    const results: RowResult[] = []
    for (const { row, people } of rows) {
      world.people = people
      const result = await runRow(row, world)
      results.push(result)
      process.stdout.write(`${showForTerminal(result)}\n`)
    }
    const facts = await describeRun(world, options, date)
    if (options.json) writeFileSync(options.json, `${JSON.stringify({ ...facts, rows: results }, undefined, 2)}\n`)
    if (options.only.length === 0 || options.write) {
      mkdirSync(dirname(document), { recursive: true })
      writeDocument(document, facts, results)
      process.stdout.write('docs/performance.md is written\n')
    }
    const broken = results.filter((result) => result.verdicts.some((verdict) => verdict.kept === false))
    if (broken.length > 0) {
      process.stdout.write(`broken: ${broken.map((result) => result.name).join(', ')}\n`)
      process.exitCode = 1
    }
  } finally {
    await world.stop()
  }
}

const options = readOptions(process.argv.slice(2))
if (options) await runAll(options)
else process.stdout.write(`${usage}\n`)
