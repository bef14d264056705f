// What a checkout needs before the product can run: the packages of package-lock.json and the Node that they include.
// Plain JavaScript for Node 20 or later, on any npm from 9 on, whether or not npm lets install scripts run.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The message is for the person at the terminal: what failed and what to do. */
export class InstallationFailed extends Error {}

/** Runs `npm ci` when node_modules is absent or not what package-lock.json says. Throws InstallationFailed. */
export function installDependencies(root, { with_development }) {
  const reason = whyToInstall(root, with_development)
  if (reason === undefined) return
  process.stderr.write(`openward: installing packages (${reason}); this happens once.\n`)
  const options = ['--no-audit', '--no-fund', ...(with_development ? ['--include=dev'] : [])]
  let done = npm(root, ['ci', ...options])
  // npm 11 refuses a lock without the optional packages of other platforms, which a registry may not have; `install` heeds the same versions.
  if (done.status !== 0 && done.output.includes('EUSAGE')) done = npm(root, ['install', '--no-save', ...options])
  if (done.status !== 0) {
    throw new InstallationFailed(
      `${done.output}\nOpenWard could not install its packages: npm, in ${root}, ended with ${done.status}. Its messages are above.\n` +
        'OpenWard needs npm 9 or later, a reachable package registry and about 1 GB of disk.',
    )
  }
}

/** The path of the packaged Node, fetched first if npm did not run that package's install script. Throws InstallationFailed. */
export function installRuntime(root) {
  const package_folder = join(root, 'node_modules', 'node')
  const wanted = JSON.parse(readFileSync(join(package_folder, 'package.json'), 'utf8')).version
  let runtime = findRuntime(root)
  if (runtime === undefined) {
    process.stderr.write(`openward: fetching Node ${wanted}; this happens once.\n`)
    // npm may refuse install scripts (--ignore-scripts, allowScripts): this is the package's own script, run by name.
    const script = spawnSync(process.execPath, ['installArchSpecificPackage.js'], {
      cwd: package_folder,
      stdio: ['ignore', 2, 2],
      env: environmentForNpm({ PATH: pathWithNpm() }),
    })
    runtime = script.status === 0 ? findRuntime(root) : undefined
    if (runtime !== undefined && versionOf(runtime) !== `v${wanted}`) runtime = undefined
  }
  if (runtime !== undefined) return runtime
  if (Number(process.versions.node.split('.')[0]) >= Number(wanted.split('.')[0])) return process.execPath
  throw new InstallationFailed(
    `OpenWard runs on Node ${wanted}, which npm could not fetch for ${process.platform} ${process.arch}.\n` +
      `Its messages are above. Either let npm fetch it, or start OpenWard with Node ${wanted.split('.')[0]} or later.`,
  )
}

function findRuntime(root) {
  const executable = process.platform === 'win32' ? 'node.exe' : 'node'
  const architecture = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const folders = [
    'node',
    ...['node', 'node-bin'].flatMap((prefix) => [
      join('node', 'node_modules', `${prefix}-${architecture}`),
      `${prefix}-${architecture}`,
    ]),
  ]
  return folders
    .map((folder) => join(root, 'node_modules', folder, 'bin', executable))
    .find((path) => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 1_000_000)
}

function versionOf(runtime) {
  return spawnSync(runtime, ['--version'], { encoding: 'utf8' }).stdout?.trim()
}

/** In words for the terminal; undefined when nothing is to do. */
function whyToInstall(root, with_development) {
  const installed_path = join(root, 'node_modules', '.package-lock.json')
  const wanted_path = join(root, 'package-lock.json')
  if (!existsSync(installed_path)) return 'node_modules is absent or incomplete'
  const wanted = packagesOf(wanted_path)
  const installed = packagesOf(installed_path)
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue
    const found = installed[path]
    const may_be_absent = entry.optional || entry.devOptional || entry.peer || (entry.dev && !with_development)
    if (found === undefined ? !may_be_absent : found.version !== entry.version) {
      return `package-lock.json asks for ${path.replace(/^.*node_modules\//, '')} ${entry.version}`
    }
  }
  return undefined
}

function packagesOf(lock_path) {
  try {
    return JSON.parse(readFileSync(lock_path, 'utf8')).packages ?? {}
  } catch (error) {
    throw new InstallationFailed(`OpenWard could not read ${lock_path}: ${error.message}`)
  }
}

function npm(cwd, args) {
  const script = npmScript()
  const options = { cwd, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', env: environmentForNpm({}) }
  const done =
    script === undefined
      ? spawnSync('npm', args, { ...options, shell: process.platform === 'win32' })
      : spawnSync(process.execPath, [script, ...args], options)
  if (done.error) {
    throw new InstallationFailed(`OpenWard needs npm to install its packages and cannot run it: ${done.error.message}`)
  }
  return { status: done.status ?? done.signal, output: `${done.stdout}${done.stderr}` }
}

function npmScript() {
  const folder = dirname(process.execPath)
  return [
    process.env.npm_execpath ?? '',
    join(folder, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(folder, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ].find((path) => path.endsWith('npm-cli.js') && existsSync(path))
}

function pathWithNpm() {
  const separator = process.platform === 'win32' ? ';' : ':'
  return [dirname(process.execPath), process.env.PATH ?? ''].join(separator)
}

/** `npm start` and `npx` describe their own run in npm_* variables; an inner npm must not take that for its own. */
function environmentForNpm(extra) {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^npm_(lifecycle|package|command|config_local_prefix|config_prefix)/i.test(name) && name !== 'INIT_CWD',
  )
  return { ...Object.fromEntries(kept), ...extra }
}
