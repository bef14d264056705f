// Where the bytes of documents lie: a folder, or Azure Blob Storage. It is given what is sealed already, and names that tell nothing.
import { randomBytes } from 'node:crypto'
import type { Configuration } from '#platform/configuration.ts'
import type { Check } from '#platform/module.ts'
import { openBlobStorage } from './azure-blob.ts'
import { openFolder } from './folder.ts'

export type Storage = {
  /** Stores a new file; when this fails, nothing of it is left but where removing fails too. @throws StorageFull, StorageUnavailable */
  write(name: string, content: AsyncIterable<Buffer>): Promise<void>
  /** @throws ContentMissing, StorageUnavailable; while it is read, too */
  read(name: string): Promise<AsyncIterable<Buffer>>
  /** Removes it, or finds that it is gone already. @throws StorageUnavailable */
  remove(name: string): Promise<void>
  /** Every file that is there. @throws StorageUnavailable */
  list(): AsyncIterable<string>
  check(): Promise<Check>
}

/** A random name, which is nobody's. */
export function newStorageName(): string {
  return randomBytes(16).toString('hex')
}

export function openStorage({ storage }: Pick<Configuration, 'storage'>): Storage {
  return 'folder' in storage ? openFolder(storage.folder) : openBlobStorage(storage)
}
