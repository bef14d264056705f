// The next version of this program: this one, with migrations of its own after those of this one.
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Made at this path. Returns what to start. */
export function programOfNextVersion(path: string, migrations: Readonly<Record<string, string>>): string {
  mkdirSync(path)
  cpSync(join(root, 'server'), join(path, 'server'), {
    recursive: true,
    filter: (file) => !file.endsWith('.test.ts'),
  })
  cpSync(join(root, 'docs/problems'), join(path, 'docs/problems'), { recursive: true })
  cpSync(join(root, 'package.json'), join(path, 'package.json'))
  symlinkSync(join(root, 'node_modules'), join(path, 'node_modules'))
  for (const [file, text] of Object.entries(migrations)) writeFileSync(join(path, 'server/migrations', file), text)
  return join(path, 'server/cli/main.ts')
}
