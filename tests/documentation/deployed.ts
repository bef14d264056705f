// Reads the files of deploy/ as the programs that they are for do.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { root } from './blocks.ts'

export const deployFiles = (pattern: string) => globSync(pattern, { cwd: join(root, 'deploy') }).toSorted()
export const readDeployed = (path: string) => readFileSync(join(root, 'deploy', path), 'utf8')

export type Tree = { [name: string]: unknown }

/** @throws Error where it is not sound */
export function readYaml(path: string): Tree[] {
  return parseAllDocuments(readDeployed(path), { merge: true, strict: true, uniqueKeys: true }).map((document) => {
    const [fault] = [...document.errors, ...document.warnings]
    if (fault) throw new Error(`${path}: ${fault.message}`)
    return document.toJS() as Tree
  })
}

/** What stands at a path of names and numbers; undefined where nothing does. */
export function at(tree: unknown, ...path: (string | number)[]): unknown {
  let found = tree
  for (const name of path) found = (found as Record<string | number, unknown> | undefined)?.[name]
  return found
}

const Manifest = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) })
export type Manifest = z.output<typeof Manifest>

/** All objects of Kubernetes that `kubectl apply --kustomize` applies. */
export function manifests(): Manifest[] {
  const { resources } = parse(readDeployed('kubernetes/kustomization.yaml')) as { resources: string[] }
  return resources.flatMap((file) => readYaml(`kubernetes/${file}`).map((tree) => Manifest.parse(tree)))
}

/** Instructions of the Dockerfile with their arguments, lines that go on joined. */
export function dockerInstructions(): { name: string; rest: string }[] {
  const text = readDeployed('Dockerfile')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
  return [...text.matchAll(/^([A-Z]+)\s+(.+)$/gm)].map(([, name = '', rest = '']) => ({ name, rest }))
}

export function dockerEnvironment(): Record<string, string> {
  const lines = dockerInstructions().filter(({ name }) => name === 'ENV')
  return Object.fromEntries(
    lines.flatMap(({ rest }) =>
      [...rest.matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
    ),
  )
}

/** The last instruction of this name, as the list of words that it must be written as. */
export function dockerWords(wanted: string, start = ''): string[] {
  const rest = dockerInstructions().findLast(({ name }) => name === wanted)?.rest ?? ''
  return z.array(z.string()).parse(JSON.parse(rest.slice(rest.indexOf(`${start}[`) + start.length)))
}

/** Variables of one container in Bicep, by name; undefined is a value that Azure puts in. */
export function bicepVariables(path: string): string[] {
  return [...readDeployed(path).matchAll(/\{ name: '([A-Z][A-Z0-9_]+)', (?:value|secretRef): /g)].map(
    ([, name = '']) => name,
  )
}

/** What an expression of Bicep comes to: texts with values in them, names, and the two functions that our files use. */
function bicepValue(expression: string, known: Readonly<Record<string, string>>): string {
  const text = expression.trim()
  const value = (name: string) => {
    const found = known[name]
    if (found === undefined) throw new Error(`Bicep: ${name} has no value here`)
    return found
  }
  const [, condition, then, otherwise] = /^empty\((\w+)\) \? (.+) : (.+)$/.exec(text) ?? []
  if (condition && then && otherwise) return bicepValue(value(condition) === '' ? then : otherwise, known)
  const [, encoded] = /^uriComponent\((.+)\)$/.exec(text) ?? []
  if (encoded) return encodeURIComponent(bicepValue(encoded, known))
  if (/^'[^']*'$/.test(text))
    return text.slice(1, -1).replaceAll(/\$\{([^}]+)\}/g, (_, inner: string) => bicepValue(inner, known))
  return value(text)
}

/** `foundation.outputs.NAME` of a module; what Azure makes up must be given. */
export function bicepOutputs(
  path: string,
  parameters: Readonly<Record<string, string>>,
  made_up: Readonly<Record<string, string>>,
): Record<string, string> {
  const text = readDeployed(path)
  const names = [
    ...text.matchAll(/^resource (\w+) '[^']+' = \{\n(?: {2}(?!name)[^\n]*\n)*? {2}name: ('[^'\n]+')$/gm),
  ].map(([, resource = '', name = '']) => [`${resource}.name`, bicepValue(name, parameters)] as const)
  const known = { ...parameters, ...made_up, ...Object.fromEntries(names) }
  return Object.fromEntries(
    [...text.matchAll(/^output (\w+) string = (.+)$/gm)].map(([, name = '', expression = '']) => [
      `foundation.outputs.${name}`,
      bicepValue(expression, known),
    ]),
  )
}

/** The environment that a container gets, secrets put in. */
export function bicepEnvironment(path: string, known: Readonly<Record<string, string>>): Record<string, string> {
  const text = readDeployed(path)
  const secrets = new Map(
    [...text.matchAll(/\{ name: '([a-z-]+)', value: (.+) \}$/gm)].map(([, name = '', expression = '']) => [
      name,
      expression,
    ]),
  )
  const set = [...text.matchAll(/\{ name: '([A-Z][A-Z0-9_]+)', (value|secretRef): (.+?) \}(?=$| \])/gm)]
  return Object.fromEntries(
    set
      .filter(([, name = '']) => !/^(CLAMD_CONF_|WEBSITES_|AZURE_)/.test(name))
      .map(([, name = '', how, told = '']) => {
        const expression = how === 'value' ? told : secrets.get(told.slice(1, -1))
        if (expression === undefined) throw new Error(`${path}: there is no secret ${told}`)
        return [name, bicepValue(expression, known)]
      }),
  )
}
