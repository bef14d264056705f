// The results as a table for people, and what the machine and the run were.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import type { RowResult, SideResult, Verdict } from './row.ts'

export type RunFacts = {
  date: string
  cores: number
  memory_gib: number
  versions: string
  driver: string
  seconds: number
  rounds: number
  people: number
}

/** Cores and memory only: nothing else of the machine is told. */
export function describeMachine(): Pick<RunFacts, 'cores' | 'memory_gib'> {
  return { cores: cpus().length, memory_gib: Math.round(totalmem() / 1024 ** 3) }
}

function showNumber(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US')
  return value >= 10 || value === 0 ? value.toFixed(0) : value.toFixed(2)
}

function showSide(result: SideResult, unit: string): string {
  if ('absent' in result) return `${result.side}: not measured, ${result.absent}`
  if ('failed' in result) return `${result.side}: **failed**`
  const { value, detail, errors } = result.median
  const faults = errors > 0 ? `, **${errors} errors**` : ''
  return `${result.side}: **${showNumber(value)}** ${unit} (${detail}${faults})`
}

function showVerdict({ promise, ratio, kept }: Verdict): string {
  const verdict = kept === undefined ? 'not measured' : kept ? 'kept' : '**broken**'
  return ratio === undefined ? `${promise}: ${verdict}` : `${promise}: ${showNumber(ratio)} ×, ${verdict}`
}

const cell = (lines: readonly string[]) => lines.join('<br>').replaceAll('|', '\\|')

/** One line of the table. */
export function showRow(row: RowResult): string {
  const cells = [
    `\`${row.name}\``,
    row.requirement,
    row.people.toLocaleString('en-US'),
    cell(row.sides.map((side) => showSide(side, row.unit))),
    cell(row.verdicts.map(showVerdict)),
  ]
  return `| ${cells.join(' | ')} |`
}

const heading = `# Performance

Written by \`npm run bench\`. Every figure has its opponent in the same run: the same machine, PostgreSQL, settings, driver, connections and
duration, each side warmed up and then measured in turns; medians. Only the ratios mean anything on another machine.

- **bare Fastify**: one route with one primary-key select on a table of the same shape, by a named statement of the same driver; nothing else.
- **pgbench**: the database alone, running what one registration writes, as a prepared statement, on OpenWard's own tables.
- **reference**: the source designs' architecture (FastAPI, nine Fernet fields, an audit insert of its own, check-then-insert booking).
- **pg_trgm**: a table of unencrypted names with a GIN trigram index behind a bare Fastify route, 4 connections; by word similarity, which is
  faster, and by similarity, which finds more.

Five times the reference is not kept for registrations: on two cores it would be more than PostgreSQL alone does with
the same statement (pgbench, beside it). A registration writes a person, a key, four search tokens, a number, an audit entry and an event in
one commit, and looks first for who is here already; the reference writes one row, and an audit entry apart.

Ten times the reference's exact lookup is kept by a search where the reference answers some 160 requests a second, as in the table; in every other
run it answers 245 to 270 (presumably as fifty connections fall to one or to both of its two workers), and a search, of which there are 1,700 to 2,600
a second, is 7 to 9 times as fast. In nine runs of one day it was 7 to 16 times.

One and a half times a small hospital's is at its limit for a search among a million people: 1.2 to 1.6 times in seven runs. To find them takes
0.35 ms of a core instead of 0.2, to read them and answer a tenth of a millisecond more, since little of a million lies in the processor's own
memory. Four who ask without a pause take what two cores give, so that the ratio is one of work, not of waiting.

The growth rows wait until the figures of the days that were filled in are counted: half a minute of work for five million appointments, which begins
within five minutes. It fell into the row of the next free slots before, which was 1.65 and 4.9 times a small hospital's at p95 then.

The thousand users take four fifths of two cores, so that they wait where the host of a virtual machine gives less for a while: in eleven runs
26 to 93 ms at the 95th percentile, but for two of 114 and 346.

Run it: \`npm run bench\`, \`npm run bench -- --people 1000000\`, \`npm run bench -- --only read_patient --seconds 10\`; \`--help\` for the rest.
`

const titleOf = (facts: RunFacts) => `## Up to ${facts.people.toLocaleString('en-US')} people`

function showSection(facts: RunFacts, lines: readonly string[]): string {
  const { date, cores, memory_gib, versions, driver, seconds, rounds } = facts
  return `${titleOf(facts)}

${date}, ${cores} cores, ${memory_gib} GiB. ${versions}. Load by ${driver}, ${rounds} × ${seconds} s a side.

| row | what | people | measured | promised |
| --- | --- | --- | --- | --- |
${lines.join('\n')}
`
}

const peopleOf = (section: string) => Number(/^## Up to ([\d,]+)/.exec(section)?.[1]?.replaceAll(',', ''))
const rowNameOf = (line: string) => /^\| `(\w+)`/.exec(line)?.[1]

/**
 * Puts a run into the document. The sections of runs with other numbers of people stay as they are, and so do the rows of its
 * own section that were not measured this time.
 */
export function updateDocument(document: string, facts: RunFacts, results: readonly RowResult[]): string {
  const sections = document.split(/^(?=## )/m).filter((part) => part.startsWith('## '))
  const title = titleOf(facts)
  const old = sections.find((section) => section.startsWith(`${title}\n`))
  const measured = new Map(results.map((result) => [result.name, showRow(result)]))
  const kept = (old?.split('\n') ?? []).flatMap((line) => {
    const name = rowNameOf(line)
    if (name === undefined) return []
    const fresh = measured.get(name)
    measured.delete(name)
    return [fresh ?? line]
  })
  const section = showSection(facts, [...kept, ...measured.values()])
  const others = sections.filter((candidate) => candidate !== old)
  const ordered = [...others, section].toSorted((left, right) => peopleOf(left) - peopleOf(right))
  return `${[heading, ...ordered].map((part) => part.trim()).join('\n\n')}\n`
}

export function writeDocument(path: string, facts: RunFacts, results: readonly RowResult[]): void {
  const document = existsSync(path) ? readFileSync(path, 'utf8') : ''
  writeFileSync(path, updateDocument(document, facts, results))
}

/** A few lines for the terminal. */
export function showForTerminal(row: RowResult): string {
  const failures = row.sides.flatMap((side) => ('failed' in side ? [`${side.side} failed: ${side.failed}`] : []))
  const lines = [...row.sides.map((side) => showSide(side, row.unit)), ...failures, ...row.verdicts.map(showVerdict)]
  return [`${row.name} (${row.people} people)`, ...lines.map((line) => `  ${line.replaceAll('**', '')}`)].join('\n')
}
