// `openward test --coverage`: what the run has executed of the code that serves, by area, and where it falls short. Every process
// that a test starts is counted; of one that is killed nothing is known.
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './processes.ts'

type Count = { covered: number; all: number }
export type FileCoverage = { path: string; lines: Count; branches: Count; missed: { line: number; text: string }[] }
export type AreaCoverage = { area: string; least_percent: number; lines: Count; branches: Count }

/** The first that matches a file is its area. */
const areas = [
  { area: 'identity', least_percent: 99, pattern: /^server\/modules\/identity\// },
  { area: 'patients', least_percent: 99, pattern: /^server\/modules\/patients\// },
  { area: 'appointments', least_percent: 99, pattern: /^server\/modules\/appointments\// },
  { area: 'audit', least_percent: 99, pattern: /^server\/(modules\/audit-trail|platform\/audit)\// },
  { area: 'platform', least_percent: 99, pattern: /^server\/platform\// },
  { area: 'rest', least_percent: 90, pattern: /^/ },
]
const measured = '{server,bin}/**/*.ts'
const isTesting = (path: string) => /(\.test|[./]testing)\.ts$/.test(path)

/** As V8 writes it: of each function its own range first, then the blocks in it whose count differs; outer before inner. */
type Range = { startOffset: number; endOffset: number; count: number }
type Script = { url: string; functions: { isBlockCoverage: boolean; ranges: Range[] }[] }

/** Reads what the processes of a run have left in a folder (NODE_V8_COVERAGE). */
export function readCoverage(folder: string, home = root): FileCoverage[] {
  const files = new Map(
    globSync(measured, { cwd: home, exclude: ['**/node_modules/**'] })
      .filter((path) => !isTesting(path))
      .map((path) => [pathToFileURL(join(home, path)).href, openFile(home, path)]),
  )
  for (const name of readdirSync(folder)) {
    const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { result: Script[] }
    for (const script of result) files.get(script.url.split('?', 1)[0] ?? '')?.add(script)
  }
  return [...files.values()].map((file) => file.judge())
}

/** A branch is what V8 tells apart: each function that was called, and each block in it that ran less or more often. */
function openFile(home: string, path: string) {
  const code = codeOf(readFileSync(join(home, path), 'utf8'))
  const wasRun = new Uint8Array(code.length)
  const branches = new Map<string, Range>()
  return {
    add({ functions }: Script) {
      const runs = new Uint8Array(code.length)
      for (const { ranges, isBlockCoverage } of functions) {
        for (const range of ranges) {
          runs.fill(range.count > 0 ? 1 : 0, range.startOffset, range.endOffset)
          if (isBlockCoverage) branches.set(`${range.startOffset}-${range.endOffset}`, range)
        }
      }
      for (const [at, runs_here] of runs.entries()) wasRun[at] ||= runs_here
    },
    judge(): FileCoverage {
      const isRun = (from: number, to: number) => wasRun.subarray(from, to).includes(1)
      const lines = linesOf(code).filter(({ text }) => text.trim() !== '')
      // What has no word in it (the brace behind a loop that never ends) does nothing.
      const blocks = [...branches.values()].filter(({ startOffset, endOffset }) =>
        /\w/.test(code.slice(startOffset, endOffset)),
      )
      const missed_lines = lines.filter(({ from, to }) => !isRun(from, to))
      const missed_blocks = blocks.filter(({ startOffset, endOffset }) => !isRun(startOffset, endOffset))
      const isInBlock = (at: number) =>
        missed_blocks.some(({ startOffset, endOffset }) => startOffset <= at && at < endOffset)
      const missed = [
        ...missed_lines.filter(({ from }) => !isInBlock(from)),
        ...missed_blocks.map(({ startOffset: from, endOffset }) => ({ from, text: code.slice(from, endOffset) })),
      ]
      return {
        path,
        lines: { covered: lines.length - missed_lines.length, all: lines.length },
        branches: { covered: blocks.length - missed_blocks.length, all: blocks.length },
        missed: missed
          .toSorted((left, right) => left.from - right.from)
          .map(({ from, text }) => ({ line: code.slice(0, from).split('\n').length, text: text.trim().slice(0, 80) })),
      }
    },
  }
}

/** The text that V8 knows, positions kept, without types and without comments. */
function codeOf(source: string): string {
  const blank = (text: string) => text.replaceAll(/[^\n]/g, ' ')
  return stripTypeScriptTypes(source)
    .replaceAll(/^\s*\/\*\*?[\s\S]*?\*\//gm, blank)
    .replaceAll(/(?<=^|\s)\/\/.*$/gm, blank)
}

function linesOf(code: string) {
  let end = -1
  return code.split('\n').map((text) => {
    const from = end + 1
    end = from + text.length
    return { text, from: from + text.length - text.trimStart().length, to: end }
  })
}

/** The files' numbers by area; an area without a file is left out. */
export function byArea(files: readonly FileCoverage[]): AreaCoverage[] {
  const groups = Map.groupBy(files, ({ path }) => areas.find(({ pattern }) => pattern.test(path)))
  return areas.flatMap((area) => {
    const group = groups.get(area)
    return group ? [{ ...area, lines: sum(group, 'lines'), branches: sum(group, 'branches') }] : []
  })
}

function sum(files: readonly FileCoverage[], what: 'lines' | 'branches'): Count {
  const total = (part: keyof Count) => files.reduce((before, file) => before + file[what][part], 0)
  return { covered: total('covered'), all: total('all') }
}

const percentOf = ({ covered, all }: Count) => (all === 0 ? 100 : (100 * covered) / all)

export function isEnough({ least_percent, lines, branches }: AreaCoverage): boolean {
  return Math.min(percentOf(lines), percentOf(branches)) >= least_percent
}

/** The table for the end of a run. */
export function coverageTable(found: readonly AreaCoverage[]): string {
  // Rounded down, so that no number reads as what it has not reached.
  const shown = (count: Count) =>
    `${(Math.floor(percentOf(count) * 100) / 100).toFixed(2)} % of ${count.all}`.padEnd(18)
  const rows = found.map(
    (area) => `${area.area.padEnd(14)}${shown(area.lines)}${shown(area.branches)}${area.least_percent} %`,
  )
  return ['area'.padEnd(14) + 'lines'.padEnd(18) + 'branches'.padEnd(18) + 'at least', ...rows].join('\n')
}

/** Each place that no test reached, a line each. */
export function missedPlaces(files: readonly FileCoverage[]): string {
  return files
    .flatMap(({ path, missed }) => missed.map(({ line, text }) => `${path}:${line} ${text.replaceAll(/\s+/g, ' ')}\n`))
    .join('')
}
