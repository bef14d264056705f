// What is sealed of a document under its patient's key: what it is called, what is in it, and the key of its content.
import type { DicomStudy } from './document.contract.ts'
import { openDataKey } from '#platform/encryption/data-key.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { type DataKey, openJson, sealJson } from '#platform/encryption/sealing.ts'
import type { ChunkPlace } from '#platform/encryption/chunks.ts'

/** The hash tells one content from another, so it is for those who may read it. */
export type Label = { title: string; file_name: string; sha256: string; study: DicomStudy | null }
export type StoredKey = { key_id: string; kek_id: string; wrapped: Buffer }

const place = (column: 'sealed_label' | 'sealed_content_key', row_id: string) => ({
  table: 'documents',
  column,
  row_id,
})

export function sealDocument(key: DataKey, id: string, label: Label, content_key: string) {
  return {
    key_id: key.id,
    sealed_label: sealJson(key, place('sealed_label', id), label),
    sealed_content_key: sealJson(key, place('sealed_content_key', id), { key: content_key }),
  }
}

export function openRowKey(keyring: Keyring, { key_id, kek_id, wrapped }: StoredKey): DataKey {
  return openDataKey(keyring, { id: key_id, kek_id, wrapped })
}

/** @throws IntegrityError */
export function openLabel(key: DataKey, { id, sealed_label }: { id: string; sealed_label: Buffer }): Label {
  return openJson<Label>(key, place('sealed_label', id), sealed_label)
}

type StoredContent = { id: string; storage_key: string; sealed_content_key: Buffer }

/** @throws IntegrityError */
export function contentPlace(key: DataKey, { id, storage_key, sealed_content_key }: StoredContent): ChunkPlace {
  const opened = openJson<{ key: string }>(key, place('sealed_content_key', id), sealed_content_key)
  return { key: Buffer.from(opened.key, 'base64'), name: storage_key }
}
