// The variables of documents: where they lie, what scans them, how many and how large they may be. Read by configuration.ts alone.
import { resolve } from 'node:path'
import { z } from 'zod'
import { readClamdAddress } from '#platform/scanning/clamd.ts'
import { type WarehouseSettings, warehouseSettings, warehouseVariables } from './warehouse-variables.ts'

const text = z.string().trim().min(1)
const count = (most: number) =>
  z.string().regex(/^\d+$/, 'must be a whole number').transform(Number).pipe(z.number().min(1).max(most))
const mebibyte = 1_048_576

const documentVariables = {
  CLAMD_URL: text
    .refine((url) => readClamdAddress(url) !== undefined, 'must read tcp://host:3310 or unix:/path')
    .optional(),
  STORAGE_URL: text
    .refine((url) => readStorageUrl(url) !== undefined, 'must read file:/absolute/path or azblob://account/container')
    .optional(),
  AZURE_STORAGE_CONNECTION_STRING: text.optional(),
  OPENWARD_UPLOAD_MIB: count(2048).default(25),
  OPENWARD_SIGNATURE_DAYS: count(365).default(7),
  OPENWARD_DOCUMENTS_PER_PATIENT: count(1_000_000).default(1000),
  OPENWARD_DOCUMENT_MIB_PER_PATIENT: count(10_000_000).default(5120),
  OPENWARD_DOCUMENTS_PER_USER_DAY: count(1_000_000).default(1000),
  OPENWARD_DOCUMENT_MIB_PER_USER_DAY: count(10_000_000).default(10_240),
}

type DocumentSettings = Readonly<{
  clamd_url: string | undefined
  /** Signatures that are older find, but clear nothing. */
  signature_days: number
  storage: { folder: string } | { account: string; container: string; connection_string: string | undefined }
  /** Of one file. */
  upload_bytes: number
  /** How much may be kept of one patient, and how much one user may add in a day. */
  document_limits: { patient_count: number; patient_bytes: number; user_day_count: number; user_day_bytes: number }
}>

/** Of documents, and of the warehouse. */
export const storageVariables = { ...documentVariables, ...warehouseVariables }
export type StorageSettings = DocumentSettings & WarehouseSettings

export function storageSettings(variables: Read & z.output<z.ZodObject<typeof warehouseVariables>>): StorageSettings {
  return { ...documentSettings(variables), ...warehouseSettings(variables) }
}

type Read = { OPENWARD_DATA_DIR: string } & z.output<z.ZodObject<typeof documentVariables>>

function documentSettings(variables: Read): DocumentSettings {
  const named = readStorageUrl(variables.STORAGE_URL ?? '') ?? {
    folder: resolve(variables.OPENWARD_DATA_DIR, 'documents'),
  }
  return {
    clamd_url: variables.CLAMD_URL,
    signature_days: variables.OPENWARD_SIGNATURE_DAYS,
    storage: 'folder' in named ? named : { ...named, connection_string: variables.AZURE_STORAGE_CONNECTION_STRING },
    upload_bytes: variables.OPENWARD_UPLOAD_MIB * mebibyte,
    document_limits: {
      patient_count: variables.OPENWARD_DOCUMENTS_PER_PATIENT,
      patient_bytes: variables.OPENWARD_DOCUMENT_MIB_PER_PATIENT * mebibyte,
      user_day_count: variables.OPENWARD_DOCUMENTS_PER_USER_DAY,
      user_day_bytes: variables.OPENWARD_DOCUMENT_MIB_PER_USER_DAY * mebibyte,
    },
  }
}

function readStorageUrl(url: string): { folder: string } | { account: string; container: string } | undefined {
  const folder = /^file:(?:\/\/)?(\/[^\0]+)$/.exec(url)?.[1]
  if (folder !== undefined) return { folder: resolve(folder) }
  const [, account, container] = /^azblob:\/\/([a-z0-9]{3,24})\/([a-z0-9][a-z0-9-]{1,62})\/?$/.exec(url) ?? []
  return account !== undefined && container !== undefined ? { account, container } : undefined
}
