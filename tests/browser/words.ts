// The words of the console by language, read from its files: which are the same in both, and what of a Spanish page is English.
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../documentation/blocks.ts'

type Leaf = { path: string; en: string; es: string }

/** Every word that stands there as text; what is put together by a function is not. */
export async function everyWord(): Promise<Leaf[]> {
  const folder = join(root, 'console/words')
  const files = globSync('{*.en,en}.ts', { cwd: folder }).toSorted()
  const leaves: Leaf[] = []
  for (const file of files) {
    const en = await wordsOf(join(folder, file))
    const es = await wordsOf(join(folder, file.replace('en.ts', 'es.ts')))
    collect(file, en, es, leaves)
  }
  return leaves
}

async function wordsOf(path: string): Promise<unknown> {
  const exported = (await import(path)) as Record<string, unknown>
  return Object.entries(exported).find(([name]) => /^(en|es)$|(En|Es)$/.test(name))?.[1]
}

function collect(path: string, en: unknown, es: unknown, leaves: Leaf[]) {
  if (typeof en === 'string') leaves.push({ path, en, es: String(es) })
  else if (typeof en === 'object' && en !== null)
    for (const [name, value] of Object.entries(en))
      collect(`${path}: ${name}`, value, (es as Record<string, unknown>)[name], leaves)
}

/** What is English and nothing else: as a text of its own, or by a word that Spanish does not have. */
export function englishIn(texts: readonly string[], leaves: readonly Leaf[]): string[] {
  const spanish = new Set(leaves.map(({ es }) => es))
  const english = new Set(leaves.map(({ en }) => en).filter((text) => !spanish.has(text)))
  return texts.filter((text) => english.has(text) || /\b(the|and|your|with|which|this|from|not|for|been)\b/i.test(text))
}
