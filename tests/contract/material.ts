// Public collections of hostile input, kept beside the checkout; suites that need them say so where they are missing.
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

const folder = new URL('../../../shared/material/security/', import.meta.url)

/** The Big List of Naughty Strings; undefined where it is not at hand. */
export function readNaughtyStrings(): string[] | undefined {
  const file = new URL('blns.json', folder)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as string[]) : undefined
}

/** The JSONTestSuite by name: `y_` must be read, `n_` must be refused, `i_` may be either; undefined where it is not at hand. */
export function readJsonTestSuite(): Map<string, Buffer> | undefined {
  const file = new URL('JSONTestSuite-test_parsing.tgz', folder)
  if (!existsSync(file)) return undefined
  const files = [...untar(gunzipSync(readFileSync(file)))].filter(([name]) => /\/[nyi]_[^/]*\.json$/.test(name))
  return new Map(files.map(([name, bytes]) => [name.replace(/.*\//, ''), bytes]))
}

/** Names and contents of the plain files of an archive (POSIX ustar: blocks of 512 bytes, sizes in octal). */
function* untar(archive: Buffer): Generator<[name: string, bytes: Buffer]> {
  for (let at = 0; at + 512 <= archive.length;) {
    const text = (start: number, length: number) =>
      archive.toString('utf8', at + start, at + start + length).replace(/\0.*$/s, '')
    const size = Number.parseInt(text(124, 12).trim() || '0', 8)
    if (text(156, 1) === '0' || text(156, 1) === '') yield [text(0, 100), archive.subarray(at + 512, at + 512 + size)]
    at += 512 + Math.ceil(size / 512) * 512
  }
}
