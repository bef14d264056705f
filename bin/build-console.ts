// Builds the web console into console/built: what `npm start` does where it is absent or older than its sources, and the image once.
import { globSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { build } from 'vite'
import { servedAddresses } from '../console/addresses.ts'
import { builtFolder, digestFile, sourcesDigest } from './console.mjs'
import { root } from './processes.ts'

/** Where compression saves less than this, a file is sent as it is. */
const leastSaved = 0.05
/** Of brotli's eleven: the last two take four times as long for 3 %. */
const quality = 9

const target = builtFolder(root)
const digest = sourcesDigest(root)
// Beside its place, so that it can be put there in one step: who builds at the same time puts the same.
const folder = mkdtempSync(`${target}-`)
try {
  await build({ configFile: join(root, 'console/vite.config.ts'), build: { outDir: folder }, logLevel: 'error' })
  await Promise.all(globSync('assets/*.{js,css,svg}', { cwd: folder }).map((name) => compress(join(folder, name))))
  writeFileSync(join(folder, 'addresses.json'), JSON.stringify(servedAddresses))
  writeFileSync(join(folder, digestFile), digest)
  rmSync(target, { recursive: true, force: true })
  renameSync(folder, target)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function compress(path: string) {
  const text = await readFile(path)
  const [small, wide] = await Promise.all([
    promisify(brotliCompress)(text, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } }),
    promisify(gzip)(text, { level: 9 }),
  ])
  const isWorth = (made: Buffer) => made.length < text.length * (1 - leastSaved)
  if (isWorth(small)) await writeFile(`${path}.br`, small)
  if (isWorth(wide)) await writeFile(`${path}.gz`, wide)
}
