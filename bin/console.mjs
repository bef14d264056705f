// Whether the web console is built from the sources that are here, and building it where it is not.
// Plain JavaScript for Node 20 or later, as all that runs before the Node of package.json is at hand.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'

/** Where the server looks for it. */
export const builtFolder = (root) => join(root, 'console', 'built')
export const digestFile = 'sources.sha256'

/** A digest of everything that the build reads: the console, the contracts that it uses as they are, and the packages. */
export function sourcesDigest(root) {
  const inFolder = (folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
  const built = builtFolder(root)
  const read = [
    ...inFolder('console').filter((path) => !path.startsWith(built) && !path.endsWith('.test.ts')),
    ...inFolder('server/modules').filter((path) => /\.(contract|fields)\.ts$/.test(path)),
    ...inFolder('server/platform/contract').filter((path) => !path.endsWith('.test.ts')),
    join(root, 'package-lock.json'),
    join(root, 'bin', 'build-console.ts'),
  ]
  const digest = createHash('sha256')
  for (const path of read.sort((a, b) => (a < b ? -1 : 1))) {
    const text = readFileSync(path)
    digest.update(`${path.slice(root.length).replaceAll(sep, '/')} ${text.length}\n`).update(text)
  }
  return digest.digest('hex')
}

/** Builds what is absent or older than its sources. Without a console the API serves all the same, so a failure ends nothing. */
export function ensureConsole(root, runtime) {
  if (!existsSync(join(root, 'console', 'index.html'))) return
  const mark = join(builtFolder(root), digestFile)
  const digest = sourcesDigest(root)
  if (existsSync(mark) && readFileSync(mark, 'utf8') === digest) return
  process.stderr.write('openward: building the web console; this happens once for each version.\n')
  const build = spawnSync(runtime, [join(root, 'bin', 'build-console.ts')], { cwd: root, stdio: ['ignore', 2, 2] })
  if (build.status !== 0)
    process.stderr.write('openward: the web console could not be built. The API is served without it.\n')
}
