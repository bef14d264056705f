// Files by their path, in a folder or in Azure Blob Storage: for what others read, such as the warehouse.
import type { Check } from '#platform/module.ts'
import type { BlobPlace } from './azure-blob.ts'
import { openBlobTree } from './tree-blob.ts'
import { openFolderTree } from './tree-folder.ts'

export type FileTree = {
  /** Writes a file whole, in place of one that is there. @throws StorageFull, StorageUnavailable */
  put: (path: string, content: Uint8Array) => Promise<void>
  /** Writes a file whole unless there is one: false then, of however many who try one writes it. @throws StorageFull, StorageUnavailable */
  create: (path: string, content: Uint8Array) => Promise<boolean>
  /** @throws ContentMissing, StorageUnavailable */
  read: (path: string) => Promise<Buffer>
  /** Every file whose path begins with this folder. @throws StorageUnavailable */
  list: (folder: string) => AsyncIterable<string>
  /** Removes it, or finds that it is gone already. @throws StorageUnavailable */
  remove: (path: string) => Promise<void>
  check: () => Promise<Check>
}

/** `path`: a folder within the container, or ''. */
export type TreePlace = { folder: string } | (BlobPlace & { path: string })

export function openTree(place: TreePlace): FileTree {
  return 'folder' in place ? openFolderTree(place.folder) : openBlobTree(place)
}
