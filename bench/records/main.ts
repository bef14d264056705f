// Records what a former system knew, through the API as its people would: see usage.
import { parseArgs } from 'node:util'
import { type Account, sendAs, sendTo } from './connection.ts'
import { limitMaterial, readMaterial } from './material.ts'
import { openReport, type Sum } from './outcomes.ts'
import { recordAll } from './record-all.ts'

const usage = `node bench/records/main.ts FOLDER --report FILE [--server URL] [--people N] [--at-once N]

Registers the people of a former record and records, through the API, their vital signs (visits with final nursing assessments),
allergies and medication requests (signed prescriptions). FOLDER holds patients, encounters, vitals, allergies and
medication_requests, each .csv or .csv.gz in the columns of docs/importing.md. A nurse and a doctor are made for it.
  --report FILE    one JSON line for each row: done with its id, left as a draft, or refused with code and sentence
  --server URL     default http://localhost:8000
  --people N       only the first N of patients.csv
  --at-once N      so many people at the same time, default 8
Environment: OPENWARD_ADMIN_EMAIL, OPENWARD_ADMIN_PASSWORD of an administrator; RECORDS_PASSWORD, 15 characters or more, that the
nurse and the doctor get at the first run and sign in with at every other.
Safe to run again with the same report: what is reported is left alone. Without the report, what was sent in the last 24 hours is
known to the server, and what is older is recorded a second time.
Exit codes: 0 every row is recorded, 1 some are drafts or refused, 2 wrong words, 3 the server fails or
does not answer, or the files cannot be read: run it again.`

type Words = {
  folder: string
  report: string
  server: string
  password: string
  administrator: Account
  numbers: readonly [people: number, at_once: number]
}

function readWords(): Words | { is_help: boolean } {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      report: { type: 'string' },
      server: { type: 'string', default: 'http://localhost:8000' },
      people: { type: 'string', default: '1000000' },
      'at-once': { type: 'string', default: '8' },
      help: { type: 'boolean' },
    },
  })
  const [folder, ...more] = positionals
  const { OPENWARD_ADMIN_EMAIL: email, OPENWARD_ADMIN_PASSWORD: secret, RECORDS_PASSWORD: password } = process.env
  const { report, server } = values
  const numbers = [Number(values.people), Number(values['at-once'])] as const
  const is_wrong = !folder || !report || more.length > 0 || !numbers.every((number) => number >= 1)
  if (values.help || is_wrong || !email || !secret || !password) return { is_help: values.help === true }
  return { folder, report, server, password, administrator: { email, password: secret }, numbers }
}

const showSum = ({ file, rows, done, draft, refused }: Sum) => {
  const codes = Object.entries(refused).map(([code, count]) => `${count} ${code}`)
  return `${file}: ${rows} rows, ${done} done, ${draft} drafts, refused: ${codes.join(', ') || 'none'}\n`
}

const words = readWords()
if ('is_help' in words) {
  process.stdout.write(`${usage}\n`)
  process.exitCode = words.is_help ? 0 : 2
} else {
  await record(words).catch((error: unknown) => {
    process.stderr.write(
      `${error instanceof Error ? error.message : 'it failed'}\nWhat is reported is kept: run it again.\n`,
    )
    process.exitCode = 3
  })
}

async function record({ folder, report: path, server, administrator, password, numbers }: Words) {
  const [people, at_once] = numbers
  const material = limitMaterial(readMaterial(folder), people)
  const report = openReport(path, { material: material.digest, server })
  const send = sendTo(server)
  const sums = await recordAll(
    { send, sendAsAdministrator: sendAs(send, administrator), password, at_once },
    material,
    report,
    (recorded) => process.stdout.write(`${recorded} people\n`),
  )
  process.stdout.write(sums.map(showSum).join(''))
  if (sums.some(({ rows, done }) => done < rows)) process.exitCode = 1
}
