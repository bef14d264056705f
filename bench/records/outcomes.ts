// What became of each row: a file of JSON lines beside the material, from which a later run knows what is done.
import { appendFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { recorded_files, type RecordedFile } from './material.ts'

const Outcome = z.object({
  file: z.enum(recorded_files),
  row: z.int(),
  outcome: z.enum(['done', 'draft', 'refused']),
  id: z.string().optional(),
  visit_id: z.string().optional(),
  code: z.string().optional(),
  sentence: z.string().optional(),
  note: z.string().optional(),
})
export type Outcome = z.output<typeof Outcome>
const Origin = z.object({ material: z.string(), server: z.string() })
export type Origin = z.output<typeof Origin>

export type Report = {
  find: (file: RecordedFile, row: number) => Outcome | undefined
  write: (outcomes: readonly Outcome[]) => void
}

/** @throws where the file reports other material, or another server */
export function openReport(path: string, origin: Origin): Report {
  const known = new Map<string, Outcome>()
  const keyOf = ({ file, row }: Pick<Outcome, 'file' | 'row'>) => `${file} ${row}`
  if (existsSync(path)) {
    // A line that a killed run left half written is one that was not reported.
    const bytes = readFileSync(path)
    const whole = bytes.subarray(0, bytes.lastIndexOf('\n') + 1)
    if (whole.length < bytes.length) truncateSync(path, whole.length)
    const [first = '', ...lines] = whole.toString().trimEnd().split('\n')
    const reported = Origin.parse(JSON.parse(first))
    if (reported.material !== origin.material || reported.server !== origin.server)
      throw new Error(`${path} reports other files or another server: name another report`)
    for (const line of lines) {
      const outcome = Outcome.parse(JSON.parse(line))
      known.set(keyOf(outcome), outcome)
    }
  } else writeFileSync(path, `${JSON.stringify(origin)}\n`, { mode: 0o600 })
  return {
    find: (file, row) => known.get(keyOf({ file, row })),
    write(outcomes) {
      if (outcomes.length === 0) return
      appendFileSync(path, outcomes.map((outcome) => `${JSON.stringify(outcome)}\n`).join(''))
      for (const outcome of outcomes) known.set(keyOf(outcome), outcome)
    },
  }
}

export type Sum = { file: RecordedFile; rows: number; done: number; draft: number; refused: Record<string, number> }

/** @throws where a row has no outcome: then something was lost */
export function sumOf(file: RecordedFile, rows: readonly { row: number }[], report: Report): Sum {
  const sum: Sum = { file, rows: rows.length, done: 0, draft: 0, refused: {} }
  for (const { row } of rows) {
    const outcome = report.find(file, row)
    if (!outcome) throw new Error(`row ${row} of ${file} has no outcome`)
    if (outcome.outcome === 'refused') {
      const code = outcome.code ?? 'unknown'
      sum.refused[code] = (sum.refused[code] ?? 0) + 1
    } else sum[outcome.outcome] += 1
  }
  return sum
}
