// Writes the rows of a table in parts: what is held at a time is bounded, however many rows there are.
import type { FileTree } from '#platform/storage/tree.ts'
import type { Row, Table } from './columns.ts'
import { dataPath, type ManifestFile, sha256Of } from './manifest.ts'
import { encodeParquet } from './parquet.ts'

/** Of one file: some megabytes. */
export const partRows = 50_000

export type PartWriter = {
  add(rows: readonly Row[]): Promise<void>
  end(): Promise<{ rows: number; files: ManifestFile[] }>
}
export type PartOptions = {
  tree: FileTree
  table: Table
  generation: number
  run: number
  /** Called after each part with how many rows are written since the last one. */
  written: (rows: number) => Promise<void>
  /** Writes a file without rows where there are none, so that readers find the columns. */
  even_empty: boolean
  part_rows?: number
}

export function openPartWriter({
  tree,
  table,
  generation,
  run,
  written,
  even_empty,
  part_rows = partRows,
}: PartOptions): PartWriter {
  let waiting: Row[] = []
  const files: ManifestFile[] = []

  async function write(rows: readonly Row[]) {
    const content = await encodeParquet(table.columns, rows)
    const path = dataPath(table.name, generation, run, files.length + 1)
    await tree.put(path, content)
    files.push({ path, rows: rows.length, bytes: content.length, sha256: sha256Of(content) })
    await written(rows.length)
  }

  return {
    async add(rows) {
      waiting.push(...rows)
      while (waiting.length >= part_rows) {
        const part = waiting.slice(0, part_rows)
        waiting = waiting.slice(part_rows)
        await write(part)
      }
    },
    async end() {
      if (waiting.length > 0 || (even_empty && files.length === 0)) await write(waiting)
      waiting = []
      return { rows: files.reduce((sum, { rows }) => sum + rows, 0), files }
    },
  }
}
