// The variables of the warehouse: where it lies, how often it is written, what it says of people. Read by configuration.ts alone.
import { resolve } from 'node:path'
import { z } from 'zod'
import type { TreePlace } from './tree.ts'

const text = z.string().trim().min(1)
const count = (least: number, most: number) =>
  z.string().regex(/^\d+$/, 'must be a whole number').transform(Number).pipe(z.number().min(least).max(most))
const pipelineAddress =
  /^\/subscriptions\/([0-9a-f-]{36})\/resourceGroups\/([\w.()-]{1,90})\/providers\/Microsoft\.DataFactory\/factories\/([A-Za-z0-9-]{3,63})\/pipelines\/([^/<>*#.%&:\\+?]{1,140})$/i

export const warehouseVariables = {
  WAREHOUSE_URL: text
    .refine(
      (url) => readWarehouseUrl(url) !== undefined,
      'must read file:/absolute/path or abfss://filesystem@account/path',
    )
    .optional(),
  WAREHOUSE_EVERY_HOURS: count(1, 168).optional(),
  WAREHOUSE_SHIFT_WEEKS: count(0, 52).default(0),
  WAREHOUSE_SMALLEST_CELL: count(0, 1000).default(0),
  AZURE_DATA_FACTORY_PIPELINE: text
    .refine(
      (address) => pipelineAddress.test(address),
      'must be the resource id of a pipeline: /subscriptions/…/resourceGroups/…/providers/Microsoft.DataFactory/factories/…/pipelines/…',
    )
    .optional(),
}

export type PipelineAddress = Readonly<{
  subscription: string
  resource_group: string
  factory: string
  pipeline: string
}>

export type WarehouseSettings = Readonly<{
  warehouse: {
    place: TreePlace
    /** Whether somebody said where it lies. */
    is_placed: boolean
    /** Undefined: only when it is asked for. */
    every_hours: number | undefined
    /** The dates of each person are moved by up to so many whole weeks, to and fro; 0: not at all. */
    shift_weeks: number
    /** Cells of patients that hold fewer people are not told apart; 0: all are. */
    smallest_cell: number
    pipeline: PipelineAddress | undefined
  }
}>

type Read = { OPENWARD_DATA_DIR: string; AZURE_STORAGE_CONNECTION_STRING?: string | undefined } & z.output<
  z.ZodObject<typeof warehouseVariables>
>

export function warehouseSettings(variables: Read): WarehouseSettings {
  const { WAREHOUSE_URL: url, AZURE_STORAGE_CONNECTION_STRING: connection } = variables
  const named = readWarehouseUrl(url ?? '') ?? { folder: resolve(variables.OPENWARD_DATA_DIR, 'warehouse') }
  return {
    warehouse: {
      place: 'folder' in named ? named : { ...named, connection_string: connectionOf(named.account, connection) },
      is_placed: url !== undefined,
      every_hours: variables.WAREHOUSE_EVERY_HOURS,
      shift_weeks: variables.WAREHOUSE_SHIFT_WEEKS,
      smallest_cell: variables.WAREHOUSE_SMALLEST_CELL,
      pipeline: readPipeline(variables.AZURE_DATA_FACTORY_PIPELINE ?? ''),
    },
  }
}

/** That of the documents' account does not fit another: there the identity of the server counts. */
function connectionOf(account: string, connection: string | undefined): string | undefined {
  return connection !== undefined && new RegExp(`(^|;)AccountName=${account}(;|$)`, 'i').test(connection)
    ? connection
    : undefined
}

function readPipeline(address: string): PipelineAddress | undefined {
  const [, subscription, resource_group, factory, pipeline] = pipelineAddress.exec(address) ?? []
  return subscription !== undefined && resource_group !== undefined && factory !== undefined && pipeline !== undefined
    ? { subscription, resource_group, factory, pipeline }
    : undefined
}

function readWarehouseUrl(
  url: string,
): { folder: string } | { account: string; container: string; path: string } | undefined {
  const folder = /^file:(?:\/\/)?(\/[^\0]+)$/.exec(url)?.[1]
  if (folder !== undefined) return { folder: resolve(folder) }
  const [, container, account, path = ''] =
    /^abfss:\/\/([a-z0-9][a-z0-9-]{1,62})@([a-z0-9]{3,24})(?:\.dfs\.core\.windows\.net)?((?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9_.=-]+)*)\/?$/.exec(
      url,
    ) ?? []
  return account !== undefined && container !== undefined ? { account, container, path: path.slice(1) } : undefined
}
