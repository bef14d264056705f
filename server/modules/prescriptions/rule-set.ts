// The rules by which prescriptions are checked: read from a folder of CSV files, one line a fact, and refused as a whole when one of
// them is not sound.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { z } from 'zod'
import { ConfigurationError } from '#platform/configuration.ts'
import { flawsOf } from './rule-set.flaws.ts'

const text = z.string().trim().min(1)
const list = z
  .string()
  .transform((value) => value.split(';').map((item) => item.trim()))
  .transform((items) => items.filter((item) => item !== ''))
const number = z
  .string()
  .regex(/^(\d+(\.\d+)?)?$/, 'must be a number, or empty')
  .transform((value) => (value === '' ? undefined : Number(value)))
const severity = z.enum(['severe', 'moderate', 'minor'])
/** Who published it, and where in it. */
const source = z
  .string()
  .regex(
    /^(FDA( label| Drug Safety Communication, .+| Public Health Advisory, .+)?|BNF( treatment summary)?|WHO Model Formulary (2008|for Children 2010)|WHO ATC classification|EMA referral|MHRA Drug Safety Update, .+): .{3,}$/,
    'must name its publisher and where it stands',
  )
const fact = (letter: string) => ({
  id: z.string().regex(new RegExp(`^${letter}-[a-z0-9-]{2,60}$`), `must be ${letter}- and a name`),
  severity,
  source,
})
const effect = text

const files = {
  classes: z.strictObject({ class: text, atc: list, other_names: list }),
  medicines: z.strictObject({
    name: text,
    atc: z.string().regex(/^([A-Z]\d\d[A-Z]{2}\d\d)?$/, 'must be an ATC code, or empty'),
    classes: list,
    contains: list,
    other_names: list,
  }),
  'other-substances': z.strictObject({ name: text, other_names: list }),
  allergies: z.strictObject({ ...fact('A'), allergy: text, medicine: text, effect }),
  interactions: z.strictObject({ ...fact('I'), one: text, other: text, effect }),
  duplicates: z.strictObject({ ...fact('D'), class: text, effect }),
  doses: z.strictObject({
    ...fact('M'),
    medicine: text,
    route: z.enum(['oral', 'intravenous', 'injection']),
    from_years: number,
    under_years: number,
    per_kg: z.enum(['yes', 'no']).transform((answer) => answer === 'yes'),
    most_single: number,
    most_daily: number,
    least_daily: number,
    least_hours: number,
  }),
  ages: z.strictObject({ ...fact('G'), medicine: text, under_years: number.pipe(z.number()), effect }),
  pregnancy: z.strictObject({ ...fact('P'), medicine: text, effect }),
}
type Files = typeof files
type Line<Name extends keyof Files> = z.output<Files[Name]>

export type Severity = z.output<typeof severity>
export type KnownClass = Line<'classes'>
export type Medicine = Line<'medicines'>
export type AllergyFact = Line<'allergies'>
export type InteractionFact = Line<'interactions'>
export type DuplicateFact = Line<'duplicates'>
export type DoseFact = Line<'doses'>
export type AgeFact = Line<'ages'>
export type PregnancyFact = Line<'pregnancy'>

export type RuleSet = {
  version: string
  /** SHA-256 of the files, so that it is known which rules spoke even where two have one version. */
  digest: string
} & { [Name in keyof Files]: Line<Name>[] }

/** What stands for the substance itself in an allergy or a duplicate. */
export const same = 'same'

export const shippedRules = join(import.meta.dirname, 'rules')

/** @throws ConfigurationError naming file and line of each flaw */
export function readRuleSet(folder: string): RuleSet {
  const digest = createHash('sha256')
  const flaws: string[] = []
  const contentOf = (name: string) => {
    try {
      const content = readFileSync(join(folder, name), 'utf8')
      digest.update(`${name}\n${content}\n`)
      return content
    } catch {
      throw new ConfigurationError([`the prescription rules lack ${name}: it must stand in ${folder}`])
    }
  }
  const version = contentOf('version.txt').trim()
  if (!/^[\w.-]{1,40}$/.test(version)) flaws.push('version.txt must hold one version such as 2026.11')

  function linesOf<Name extends keyof Files>(name: Name): Line<Name>[] {
    let rows: { record: Record<string, string>; info: { lines: number } }[]
    try {
      const options = {
        columns: true,
        comment: '#',
        comment_no_infix: true,
        skip_empty_lines: true,
        info: true,
      } as const
      rows = parse(contentOf(`${name}.csv`), options) as unknown as typeof rows
    } catch (error) {
      if (error instanceof ConfigurationError) throw error
      flaws.push(`${name}.csv ${error instanceof Error ? error.message : 'cannot be read'}`)
      return []
    }
    return rows.flatMap(({ record, info }) => {
      const line = files[name].safeParse(record)
      if (line.success) return [line.data as Line<Name>]
      flaws.push(
        ...line.error.issues.map(({ path, message }) => `${name}.csv line ${info.lines}: ${path.join('.')} ${message}`),
      )
      return []
    })
  }

  const read = {
    classes: linesOf('classes'),
    medicines: linesOf('medicines'),
    'other-substances': linesOf('other-substances'),
    allergies: linesOf('allergies'),
    interactions: linesOf('interactions'),
    duplicates: linesOf('duplicates'),
    doses: linesOf('doses'),
    ages: linesOf('ages'),
    pregnancy: linesOf('pregnancy'),
  }
  const rules = { version, digest: digest.digest('hex'), ...read }
  flaws.push(...(flaws.length > 0 ? [] : flawsOf(rules)))
  if (flaws.length > 0) throw new ConfigurationError(flaws.map((flaw) => `prescription rules: ${flaw}`))
  return rules
}

/** Every fact with its file: what the rules say, without the names that they stand on. */
export function factsOf(rules: RuleSet) {
  const { allergies, interactions, duplicates, doses, ages, pregnancy } = rules
  return [...allergies, ...interactions, ...duplicates, ...doses, ...ages, ...pregnancy]
}
