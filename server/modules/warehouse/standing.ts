// What stands at the place of the warehouse, by its manifests: which runs count, and what no run needs any more.
import { ContentMissing } from '#platform/storage/failures.ts'
import type { FileTree } from '#platform/storage/tree.ts'
import { dataFolder, Manifest, manifestFolder, manifestPath, runOfManifestPath, sha256Of } from './manifest.ts'

export type Standing = {
  /** Of the newest generation, oldest first. */
  manifests: readonly Manifest[]
  newest: Manifest | undefined
  newest_sha256: string | undefined
  /** Of every manifest that is there. */
  runs: readonly number[]
}

/** @throws StorageUnavailable; Error where a manifest cannot be read: whoever altered it mends it, or empties the place */
export async function findStanding(tree: FileTree): Promise<Standing> {
  const runs: number[] = []
  for await (const path of tree.list(manifestFolder)) {
    const run = runOfManifestPath(path)
    if (run !== undefined) runs.push(run)
  }
  runs.sort((one, other) => one - other)
  const last = runs.at(-1)
  if (last === undefined) return { manifests: [], newest: undefined, newest_sha256: undefined, runs }
  const text = await tree.read(manifestPath(last))
  const newest = readManifest(text)
  const manifests: Manifest[] = []
  for (const run of runs.filter((number) => number >= newest.generation && number < last)) {
    const manifest = readManifest(await tree.read(manifestPath(run)))
    if (manifest.generation === newest.generation) manifests.push(manifest)
  }
  return { manifests: [...manifests, newest], newest, newest_sha256: sha256Of(text), runs }
}

function readManifest(text: Buffer): Manifest {
  return Manifest.parse(JSON.parse(text.toString('utf8')))
}

/**
 * Removes what does not belong to the newest generation: older manifests first, so that no file that is named goes before its
 * manifest; then every file that no manifest names, those of attempts that were killed included. Returns how many.
 */
export async function sweep(tree: FileTree, { manifests, runs, newest }: Standing): Promise<number> {
  if (!newest) return 0
  const kept = new Set(manifests.map(({ run }) => run))
  let removed = 0
  for (const run of runs.filter((number) => !kept.has(number))) {
    await tree.remove(manifestPath(run))
    removed += 1
  }
  const named = new Set(
    manifests.flatMap(({ tables }) => Object.values(tables).flatMap(({ files }) => files.map(({ path }) => path))),
  )
  for await (const path of tree.list(dataFolder)) {
    if (named.has(path)) continue
    await tree.remove(path)
    removed += 1
  }
  return removed
}

export type Verdict = { files: number; missing: string[]; altered: string[] }

/** Reads every file of the runs that count, and compares it with what its manifest says. @throws StorageUnavailable */
export async function verifyStanding(tree: FileTree): Promise<Verdict> {
  const { manifests } = await findStanding(tree)
  const verdict: Verdict = { files: 0, missing: [], altered: [] }
  for (const file of manifests.flatMap(({ tables }) => Object.values(tables).flatMap(({ files }) => files))) {
    verdict.files += 1
    try {
      if (sha256Of(await tree.read(file.path)) !== file.sha256) verdict.altered.push(file.path)
    } catch (error) {
      if (!(error instanceof ContentMissing)) throw error
      verdict.missing.push(file.path)
    }
  }
  return verdict
}
