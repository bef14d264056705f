// Reads the pieces of a document that tests compare with the code: fenced blocks, and tables.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

export function readDocument(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

export type Block = { language: string; words: string[]; text: string }

/** Fenced blocks in the order of the document; ```` ```sh tour people ```` has the language `sh` and two words. */
export function fencedBlocks(document: string): Block[] {
  return [...document.matchAll(/^```(\S*)([^\n]*)\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', words = '', text = '']) => ({
      language,
      words: words.trim().split(/\s+/).filter(Boolean),
      text,
    }),
  )
}

/** The rows of the tables of a document without their headings, each as the texts of its cells. */
export function tableRows(document: string): string[][] {
  const rows = document.split('\n').filter((line) => line.startsWith('|'))
  const isRule = (line: string | undefined) => line !== undefined && /^\|[\s|:]*-[\s|:-]*\|$/.test(line)
  return rows
    .filter((line, at) => !isRule(line) && !isRule(rows[at + 1]))
    .map((line) =>
      line
        .slice(1, line.trimEnd().lastIndexOf('|'))
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim().replaceAll('\\|', '|')),
    )
}
