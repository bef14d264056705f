// How what was written is read: of every row the one of the newest run, of the runs that count. As views of DuckDB and of Azure Synapse.
import { type ColumnType, type Table, type TableName, tableNames, tables } from './columns.ts'

/** What a row must say to be told: an amended assessment says nothing of a sign by an empty row. */
const toldOnly: Partial<Record<TableName, string>> = {
  fact_vital_sign: 'value is not null or value_code is not null',
}

const namesOf = ({ columns }: Table) => columns.map(({ name }) => name)
/** Some of them are words of T-SQL. */
const quoted = (name: string) => `[${name}]`

/** `root`: the folder of the warehouse. */
export function duckdbStatements(root: string): string[] {
  const place = root.replaceAll("'", "''")
  return [
    `create view committed_runs as
select generation, run, as_of
  from read_json('${place}/manifests/*.json', columns = {generation: 'bigint', run: 'bigint', as_of: 'timestamptz'})
qualify generation = max(generation) over ()`,
    ...tableNames.map((name) => {
      const table = tables[name]
      const told = toldOnly[name]
      return `create view ${name} as
select ${namesOf(table).join(', ')}
  from (select *, row_number() over (partition by ${table.key.join(', ')} order by run desc) as place
          from read_parquet('${place}/data/${name}/*/*/*.parquet', hive_partitioning = true)
          join committed_runs using (generation, run))
 where place = 1${told === undefined ? '' : ` and (${told})`}`
    }),
  ]
}

const sqlTypes: Record<ColumnType, string> = {
  text: 'varchar(400) collate Latin1_General_100_BIN2_UTF8',
  int: 'int',
  double: 'float',
  bool: 'bit',
  date: 'date',
  instant: 'datetime2(6)',
}

/** For a database of the serverless SQL pool; `location` is where WAREHOUSE_URL leads. */
export function synapseStatements(location: string): string[] {
  const bulk = (path: string, format: string) =>
    `openrowset(bulk '${path}', data_source = 'openward_warehouse', format = ${format})`
  return [
    `create external data source openward_warehouse with (location = '${location}')`,
    `create or alter view dbo.committed_runs as
select generation, run, as_of
  from (select generation, run, as_of, max(generation) over () as newest
          from ${bulk('manifests/*.json', "'csv', parser_version = '1.0', fieldterminator = '0x0b', fieldquote = '0x0b', rowterminator = '0x0b'")}
               with (document nvarchar(max)) as manifest
         cross apply openjson(document)
               with (generation int '$.generation', run int '$.run', as_of datetimeoffset '$.as_of')) as every_run
 where generation = newest`,
    ...tableNames.map((name) => {
      const table = tables[name]
      const columns = table.columns.map((column) => `                 ${quoted(column.name)} ${sqlTypes[column.type]}`)
      const told = toldOnly[name]
      return `create or alter view dbo.${name} as
select ${namesOf(table).map(quoted).join(', ')}
  from (select written.*, row_number() over (partition by ${table.key.map((key) => `written.${quoted(key)}`).join(', ')} order by runs.run desc) as place
          from ${bulk(`data/${name}/generation=*/run=*/*.parquet`, "'parquet'")}
               with (
${columns.join(',\n')}) as written
          join dbo.committed_runs as runs
            on runs.generation = cast(written.filepath(1) as int) and runs.run = cast(written.filepath(2) as int)) as newest
 where place = 1${told === undefined ? '' : ` and (${told})`}`
    }),
  ]
}

const placeholder = 'abfss://FILESYSTEM@ACCOUNT.dfs.core.windows.net/PATH'

/** deploy/azure/synapse.sql: printed by `openward warehouse views --for synapse` as well, with the place filled in. */
export const synapseFile = `-- Views over the warehouse for the serverless SQL pool of Azure Synapse Analytics: of every row the newest, of the runs that count.
-- Run once, in a database of its own:
--   create database openward collate Latin1_General_100_BIN2_UTF8
-- after putting in place of ${placeholder} what WAREHOUSE_URL says.
-- The pool reads as whoever asks: they need the role Storage Blob Data Reader on the file system.
-- A test compares this file with the tables that the program writes: openward warehouse views --for synapse --at '${placeholder}'

${synapseStatements(placeholder).join('\ngo\n\n')}
go
`
