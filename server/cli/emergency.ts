import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { parseArgs } from 'node:util'
import { EmergencyKeyRefused, generateEmergencyKey, openKeyFile } from '#platform/emergency/keys.ts'
import {
  copyLateMinutes,
  CopyRefused,
  enterOpenings,
  htmlPage,
  noteOpening,
  openCopy,
  readHead,
  textPage,
} from '#modules/emergency-copies'
import { type Command, CommandFailed, withSystem } from './command.ts'

const usage = `openward emergency key | list | open | report

  key --out FILE            makes a break-glass key: the file, to be kept offline, and the public key for OPENWARD_EMERGENCY_KEY
  list FOLDER               tells the copies in a folder: department, moment, file
  open FILE --key KEYFILE --by NAME --reason TEXT
                            shows a copy; needs neither the database nor any configuration
    --html FILE             writes a page to print instead
    --note-in FOLDER        where the opening is noted; the folder of the copy unless said. Nothing is shown that cannot be noted
  report FOLDER             enters in the audit log the openings that are noted in a folder; servers do it by themselves in theirs

  --passphrase-file FILE    the passphrase of the key; otherwise it is asked for
Exit codes: 0 done, 1 refused, 2 wrong words. A copy that is more than ${copyLateMinutes} minutes old is shown, with a warning.`

export const emergencyCommand: Command = {
  summary: 'key, list, open, report: copies to read while the database is away',
  usage,
  async run(words) {
    const { positionals, values } = readWords(words)
    const [verb, place, ...rest] = positionals
    if (rest.length > 0) throw new CommandFailed(`${rest.join(' ')} is not understood\n\n${usage}`, 2)
    try {
      if (verb === 'key' && place === undefined && values.out) await makeKey(values.out, values['passphrase-file'])
      else if (verb === 'list' && place) list(place)
      else if (verb === 'open' && place) await open(place, values)
      else if (verb === 'report' && place) await report(place)
      else throw new CommandFailed(`say what to do with emergency copies\n\n${usage}`, 2)
    } catch (error) {
      if (error instanceof EmergencyKeyRefused || error instanceof CopyRefused) throw new CommandFailed(error.message)
      throw error
    }
  },
}

type Values = ReturnType<typeof readWords>['values']

function readWords(words: string[]) {
  const text = { type: 'string' } as const
  try {
    return parseArgs({
      args: words,
      allowPositionals: true,
      options: {
        out: text,
        key: text,
        by: text,
        reason: text,
        html: text,
        'note-in': text,
        'passphrase-file': text,
      },
    })
  } catch (error) {
    throw new CommandFailed(`${error instanceof Error ? error.message : 'the words are not understood'}\n\n${usage}`, 2)
  }
}

async function makeKey(path: string, passphrase_file: string | undefined) {
  if (existsSync(path)) throw new CommandFailed(`${path} is there already: a key is never overwritten`)
  const { public_key, file } = await generateEmergencyKey(await passphraseOf(passphrase_file))
  const made = openSync(path, 'wx', 0o600)
  writeSync(made, file)
  closeSync(made)
  process.stdout.write(
    `${public_key}\n\nGive this public key to every server as OPENWARD_EMERGENCY_KEY. Keep ${path} offline, at two places, apart from its passphrase.\n`,
  )
}

function list(folder: string) {
  const copies = readdirSync(folder)
    .filter((name) => name.endsWith('.emergency'))
    .map((name) => ({ name, ...readHead(readFileSync(join(folder, name), 'utf8')) }))
    .toSorted((one, other) => (one.made_at < other.made_at ? 1 : -1))
  if (copies.length === 0) throw new CommandFailed(`there is no emergency copy in ${folder}`)
  for (const { name, department, made_at } of copies)
    process.stdout.write(`${made_at.slice(0, 19)}Z  ${department.padEnd(24)}  ${name}\n`)
}

async function open(path: string, { key: key_file, by, reason, html, ...others }: Values) {
  if (!key_file) throw new CommandFailed(`say which key with --key\n\n${usage}`, 2)
  if (!by?.trim() || !reason?.trim()) throw new CommandFailed('say who you are with --by, and why with --reason', 2)
  if (html !== undefined && existsSync(html)) throw new CommandFailed(`${html} is there already: name another file`)
  const text = textOf(path)
  readHead(text)
  const secret = await openKeyFile(textOf(key_file), await passphraseOf(others['passphrase-file']))
  const { head, content } = openCopy(text, secret)
  const noted_in = others['note-in'] ?? dirname(path)
  await noteOpening(noted_in, {
    by: by.trim(),
    reason: reason.trim(),
    department: head.department,
    made_at: head.made_at,
    copy_id: head.copy_id,
    opening_key: Buffer.from(content.opening_key, 'base64url'),
    patient_ids: [...new Set(content.patients.map(({ patient_id }) => patient_id))],
  }).catch(() => {
    throw new CommandFailed(
      `the opening cannot be noted in ${noted_in}, so nothing is shown: name a folder that can be written with --note-in`,
    )
  })
  const age = Temporal.Instant.from(head.made_at).until(Temporal.Now.instant()).total('minutes')
  if (age > copyLateMinutes)
    process.stderr.write(
      `\nWARNING: this copy is ${Math.floor(age)} minutes old. What was ordered, given or found since is not in it.\n\n`,
    )
  if (html === undefined) process.stdout.write(`${textPage(head, content)}\n`)
  else {
    writeFileSync(html, htmlPage(head, content), { mode: 0o600, flag: 'wx' })
    process.stdout.write(`${html} holds the list in the clear: remove it when it is printed.\n`)
  }
  process.stderr.write(`\nNoted in ${noted_in}: the audit log gets it when the database is back.\n`)
}

async function report(folder: string) {
  const { entered, refused } = await withSystem((system) => enterOpenings(system, folder))
  process.stdout.write(`Openings entered in the audit log: ${entered}\n`)
  if (refused.length > 0)
    throw new CommandFailed(
      `these were altered, or belong to a master key that is not configured: ${refused.join(', ')}`,
    )
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new CommandFailed(`${path} cannot be read`)
  }
}

/** From a file, or from whoever sits there, without showing it. */
async function passphraseOf(path: string | undefined): Promise<string> {
  if (path !== undefined) return textOf(path).replace(/\r?\n$/, '')
  if (!process.stdin.isTTY) throw new CommandFailed('there is nobody to ask: say --passphrase-file', 2)
  process.stderr.write('Passphrase of the break-glass key: ')
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const asking = createInterface({ input: process.stdin, output: silent, terminal: true })
  try {
    return await asking.question('')
  } finally {
    asking.close()
    process.stderr.write('\n')
  }
}
