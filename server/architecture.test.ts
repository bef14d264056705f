// The walls of the house: who may import whom, what may read the environment, how large a file may grow, what a folder may be called.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, normalize } from 'node:path'
import { describe, it } from 'node:test'

type Import = { from: string; to: string; type_only: boolean; is_late?: boolean }

const root = import.meta.dirname
const consoleRoot = `${root}/../console`
const everyFile = globSync('**/*.ts', { cwd: root }).sort()
const isTesting = (path: string) => /(\.test|\.testing)\.ts$|(^|\/)testing\.ts$/.test(path)
const files = everyFile.filter((file) => !isTesting(file))
const source = new Map(everyFile.map((file) => [file, readFileSync(`${root}/${file}`, 'utf8')]))
const textOf = (file: string) => source.get(file) ?? ''
const lineCount = (file: string) => textOf(file).trimEnd().split('\n').length

const imports = files.flatMap((from) => importsOf(from, textOf(from)))

function importsOf(from: string, text: string): Import[] {
  const statements = [...text.matchAll(/^(?:import|export)\s(type\s)?[^;'"]*?from\s'([^']+)'/gm)]
  const bare = text.matchAll(/^import\s'([^']+)'/gm)
  const late = text.matchAll(/\bimport\('([^']+)'\)/g)
  return [
    ...statements.map(([, type, to = '']) => ({ from, to: resolve(from, to), type_only: type !== undefined })),
    ...[...bare].map(([, to = '']) => ({ from, to: resolve(from, to), type_only: false })),
    ...[...late].map(([, to = '']) => ({ from, to: resolve(from, to), type_only: false, is_late: true })),
  ]
}

function resolve(from: string, to: string): string {
  if (to.startsWith('#platform/')) return to.replace('#platform/', 'platform/')
  if (to.startsWith('#modules/')) return `${to.replace('#modules/', 'modules/')}/index.ts`
  return to.startsWith('.') ? normalize(`${dirname(from)}/${to}`) : to
}

const moduleOf = (path: string) => /^modules\/([^/]+)\//.exec(path)?.[1]
const layers = ['contract', 'store', 'service', 'routes']
const layerOf = (path: string) => layers.indexOf(/\.(\w+)\.ts$/.exec(path)?.[1] ?? '')
const isContract = (path: string) => /\.(contract|fields)\.ts$/.test(path)
const isInside = (path: string) => source.has(path)

function noImport(rule: string, broken: (edge: Import) => unknown) {
  it(rule, () => {
    const found = imports.filter(broken).map(({ from, to }) => `${from} imports ${to}`)
    assert.deepEqual(found, [])
  })
}

describe('the architecture', () => {
  it('writes no row to start from into the text of a statement: each would be a statement of its own', () => {
    const found = files.filter((file) => /offset \$\{literal\((?!devicesKept)/.test(textOf(file)))
    assert.deepEqual(found, [])
  })

  it('is judged by every file of the server', (t) => {
    t.diagnostic(
      `${files.length} files, ${everyFile.length - files.length} tests and their helpers, ${imports.length} imports looked at`,
    )
    assert.ok(files.length >= 60, `only ${files.length} files were found`)
    assert.ok(imports.filter(({ to }) => isInside(to)).length > files.length, 'imports were not read')
  })

  noImport(
    'platform knows no module',
    ({ from, to }) => from.startsWith('platform/') && (moduleOf(to) ?? !isOutward(to, 'platform/')),
  )
  noImport('modules meet only at index.ts and at their contracts', ({ from, to }) => {
    if (!moduleOf(to) || !moduleOf(from) || moduleOf(from) === moduleOf(to)) return false
    return !to.endsWith('/index.ts') && !isContract(to)
  })
  noImport('what starts the process knows modules by their index.ts and their contracts', ({ from, to }) => {
    return moduleOf(to) && !moduleOf(from) && !to.endsWith('/index.ts') && !isContract(to)
  })
  noImport('layers inside a module point down: routes, service, store, contract', ({ from, to }) => {
    return moduleOf(from) === moduleOf(to) && layerOf(from) >= 0 && layerOf(to) > layerOf(from)
  })
  noImport(
    'routes reach the store only through the service',
    ({ from, to }) => from.endsWith('.routes.ts') && to.endsWith('.store.ts'),
  )
  noImport(
    'contracts import zod, the contract of the platform and other contracts, and nothing of Node',
    ({ from, to }) => {
      return isContract(from) && to !== 'zod' && !to.startsWith('platform/contract/') && !isContract(to)
    },
  )
  noImport('the contract of the platform runs in a browser', ({ from, to }) => {
    return from.startsWith('platform/contract/') && to !== 'zod' && !to.startsWith('platform/contract/')
  })
  noImport('only platform/http and the application know the HTTP library', ({ from, to }) => {
    return /^(@fastify\/|fastify|@scalar\/)/.test(to) && !from.startsWith('platform/http/') && from !== 'app.ts'
  })
  noImport('services and stores know no HTTP', ({ from, to, type_only }) => {
    return (
      /\.(service|store)\.ts$/.test(from) &&
      (to.startsWith('node:http') || (to.startsWith('platform/http/') && !type_only))
    )
  })
  noImport(
    'code that serves imports nothing of a test',
    ({ from, to }) => !isTesting(from) && isInside(to) && isTesting(to),
  )

  it('gives the console contracts, and nothing else of the server', () => {
    const ofConsole = globSync('**/*.{ts,tsx}', { cwd: consoleRoot, exclude: ['built*/**'] })
    const code = ofConsole
      .filter((file) => !isTesting(file))
      .map((file) => ({ file, text: readFileSync(`${consoleRoot}/${file}`, 'utf8') }))
    const edges = code.flatMap(({ file, text }) => importsOf(file, text).map(({ to }) => ({ from: file, to })))
    const found = edges.filter(({ to }) => {
      if (to.startsWith('#')) return !/^#contracts\/[^/]+\/[^/]+$/.test(to)
      return to.startsWith('platform/')
        ? !to.startsWith('platform/contract/')
        : to.startsWith('..') || to.startsWith('modules/')
    })
    assert.deepEqual(found, [])
    assert.ok(edges.some(({ to }) => to.startsWith('#contracts/')) && code.length >= 30, 'the console was not read')
    // What a browser keeps outlives whoever sat at it; and no text ever becomes markup.
    const keeps = /\b(localStorage|sessionStorage|indexedDB)\b|dangerouslySetInnerHTML|\.innerHTML\b/
    assert.deepEqual(
      code.filter(({ text }) => keeps.test(text)).map(({ file }) => file),
      [],
    )
    assert.deepEqual(
      code.filter(({ text }) => text.trimEnd().split('\n').length > 300).map(({ file }) => file),
      [],
    )
    assert.deepEqual(
      code.filter(({ text }) => !/^(\/\/|\/\*)/.test(text)).map(({ file }) => file),
      [],
    )
  })

  it('loads at the start of a server nothing that it may never need', () => {
    const rare = /^(nodemailer|openid-client|pdfkit|hyparquet-writer|ioredis|@azure\/|@scalar\/|@zxcvbn-ts\/)/
    const reached = new Set<string>()
    const reach = (file: string) => {
      if (reached.has(file)) return
      reached.add(file)
      for (const { from, to, type_only, is_late } of imports) if (from === file && !type_only && !is_late) reach(to)
    }
    for (const file of ['main.ts', 'app.ts', 'modules.ts', 'cli/serve.ts']) reach(file)
    assert.ok(reached.size > files.length / 2, `only ${reached.size} files were reached`)
    assert.deepEqual(
      [...reached].filter((file) => rare.test(file)),
      [],
    )
  })

  it('reads the environment in configuration.ts alone', () => {
    const found = files.filter((file) => /process\.env|from 'node:process'/.test(textOf(file)))
    // The embedded database hands a cleaned environment to the processes that it starts.
    const others = found.filter((file) => !file.startsWith('platform/database/embedded/'))
    assert.deepEqual(others, ['platform/configuration.ts'])
  })

  it('has no cycle among modules', () => assert.deepEqual(cycles(graph((path) => moduleOf(path))), []))

  it('has no cycle among files', () => {
    assert.deepEqual(cycles(graph((path) => (isInside(path) ? path : undefined), true)), [])
  })

  it('keeps every file short enough to read in one sitting', () => {
    const long = everyFile.map((file) => ({ file, lines: lineCount(file), most: isTesting(file) ? 600 : 300 }))
    assert.deepEqual(
      long.filter(({ lines, most }) => lines > most),
      [],
    )
  })

  it('says at the top of each file what it is for', () => {
    // Contracts, routes, services and stores are named by subject and layer, a command by what it runs: that says it.
    const speaks = (file: string) =>
      /\.(contract|routes|service|store)\.ts$/.test(file) ||
      file.startsWith('cli/') ||
      /^(\/\/|\/\*)/.test(textOf(file))
    const silent = files.filter((file) => !speaks(file))
    assert.deepEqual(silent, [])
  })

  it('has no folder or file for things that belong nowhere', () => {
    const drawers = /^(utils?|helpers?|common|shared|lib|libs|misc|manager|managers|tools)$/i
    const found = everyFile.filter((file) => file.split('/').some((part) => drawers.test(part.split('.')[0] ?? '')))
    assert.deepEqual(found, [])
  })

  it('names each layer of a module by its subject', () => {
    const nameless = files.filter((file) => moduleOf(file) && layers.includes(basename(file, '.ts')))
    assert.deepEqual(nameless, [])
  })

  it('silences neither the compiler nor a test', () => {
    const silenced = /@ts-(ignore|nocheck|expect-error)|\b(it|test|describe)\.(only|skip|todo)\(/
    const found = everyFile.filter((file) => silenced.test(textOf(file)))
    assert.deepEqual(
      found.filter((file) => file !== 'architecture.test.ts'),
      [],
    )
  })
})

/** Whether a platform file may know it: packages, Node and the platform itself. */
function isOutward(path: string, home: string): boolean {
  return !isInside(path) || path.startsWith(home)
}

function graph(nodeOf: (path: string) => string | undefined, onlyAtRun = false): Map<string, Set<string>> {
  const edges = new Map<string, Set<string>>()
  for (const { from, to, type_only } of imports) {
    const [a, b] = [nodeOf(from), nodeOf(to)]
    if (a && b && a !== b && !(onlyAtRun && type_only)) edges.set(a, (edges.get(a) ?? new Set()).add(b))
  }
  return edges
}

function cycles(edges: Map<string, Set<string>>): string[] {
  const reaches = (from: string, goal: string, seen: Set<string>): boolean =>
    [...(edges.get(from) ?? [])].some(
      (next) => next === goal || (!seen.has(next) && reaches(next, goal, seen.add(next))),
    )
  return [...edges.keys()].filter((node) => reaches(node, node, new Set()))
}
