// docs/dependencies.md accounts for every package that the project names; every package in the lock has a licence that we accept.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readDocument, root, tableRows } from './blocks.ts'

type Names = Record<string, string>
type Manifest = Record<'dependencies' | 'optionalDependencies' | 'devDependencies', Names>
type Lock = { packages: Record<string, { license?: string; optional?: boolean; dev?: boolean }> }

const accepted = new Set([
  '0BSD',
  'Bitstream Vera',
  'MIT',
  'MIT-0',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'CC0-1.0',
  'Zlib',
  'Unlicense',
])
/** Of what only tests run, and nobody is given. */
const acceptedInTests = new Set([...accepted, 'BlueOak-1.0.0', 'public domain', 'MPL-2.0'])
/** What only builds the console is in nothing that is built or shipped. */
const onlyBuilds = /^node_modules\/lightningcss/
/** Of packages that name none in their manifest: what their licence files, or the address that they give instead, say. */
const readByUs: Readonly<Record<string, string>> = {
  'uri-templates': 'public domain',
  'png-js': 'MIT',
  'dejavu-fonts-ttf': 'Bitstream Vera',
  'compute-gcd': 'MIT',
  'compute-lcm': 'MIT',
  'validate.io-function': 'MIT',
  'validate.io-integer': 'MIT',
  'validate.io-integer-array': 'MIT',
  'validate.io-number': 'MIT',
}
const licenceOf = (path: string, license = '') => readByUs[path.replace(/^.*node_modules\//, '')] ?? license
const listed = tableRows(readDocument('docs/dependencies.md')).map(([name = '', why = '', licence = '']) => ({
  name: name.replaceAll('`', ''),
  why,
  licence,
}))
const manifest = JSON.parse(readDocument('package.json')) as Manifest
const lock = JSON.parse(readDocument('package-lock.json')) as Lock

describe('the list of dependencies', () => {
  it('is that of package.json', () => {
    const { dependencies, optionalDependencies, devDependencies } = manifest
    const named = Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies })
    assert.ok(named.length > 40)
    assert.deepEqual(listed.map(({ name }) => name).sort(), named.sort())
  })

  it('gives the running server only what its code asks for', () => {
    const code = globSync('{server,bin,console}/**/*.{ts,tsx,mjs}', {
      cwd: root,
      exclude: ['**/*.test.ts', '**/*.testing.ts', 'console/built*/**'],
    })
    const texts = code.map((path) => readFileSync(join(root, path), 'utf8')).join('\n')
    // Node runs the code, which names it nowhere.
    const unused = Object.keys(manifest.dependencies).filter(
      (name) => name !== 'node' && !texts.includes(`'${name}'`) && !texts.includes(`'${name}/`),
    )
    assert.deepEqual(unused, [])
  })

  it('gives a reason for each, and the licence that the lock knows', () => {
    const wrong = listed.filter(({ name, why, licence }) => {
      const known = lock.packages[`node_modules/${name}`]
      // Packages of other platforms are not in a lock that was made here.
      const allowed = known?.dev ? acceptedInTests : accepted
      return why === '' || !allowed.has(licence) || (known !== undefined && licenceOf(name, known.license) !== licence)
    })
    assert.deepEqual(wrong, [])
  })

  it('stands on packages of accepted licences only, all the way down', () => {
    const packages = Object.entries(lock.packages).filter(([path]) => path !== '')
    assert.ok(packages.length > 200)
    const refused = packages.filter(([path, { license = '', dev }]) => {
      const parts = licenceOf(path, license)
        .replaceAll(/[()]/g, '')
        .split(/ (?:AND|OR) /)
      const allowed = dev || onlyBuilds.test(path) ? acceptedInTests : accepted
      return !parts.every((part) => allowed.has(part))
    })
    assert.deepEqual(
      refused.map(([path, { license }]) => `${path}: ${license}`),
      [],
    )
  })
})
