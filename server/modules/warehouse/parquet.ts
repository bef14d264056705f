// Rows as Parquet: the same rows give the same bytes. Written in pieces, giving way to others between two.
import { setImmediate as turn } from 'node:timers/promises'
import type { ColumnSource, SchemaElement } from 'hyparquet-writer'
import type { Column, ColumnType, Row } from './columns.ts'

/** Of one piece: some milliseconds. */
const groupRows = 5000

const physical: Record<ColumnType, Pick<SchemaElement, 'type' | 'converted_type'>> = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  int: { type: 'INT32' },
  double: { type: 'DOUBLE' },
  bool: { type: 'BOOLEAN' },
  date: { type: 'INT32', converted_type: 'DATE' },
  instant: { type: 'INT64', converted_type: 'TIMESTAMP_MICROS' },
}

/** @throws RangeError where a row lacks what its column must have */
export async function encodeParquet(columns: readonly Column[], rows: readonly Row[]): Promise<Uint8Array> {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer')
  const writer = new ByteWriter()
  const schema: SchemaElement[] = [
    { name: 'root', num_children: columns.length },
    ...columns.map(({ name, type, is_nullable }): SchemaElement => {
      return { name, ...physical[type], repetition_type: is_nullable ? 'OPTIONAL' : 'REQUIRED' }
    }),
  ]
  const file = new ParquetWriter({ writer, schema })
  for (let at = 0; at < rows.length; at += groupRows) {
    const group = rows.slice(at, at + groupRows)
    await file.write({ columnData: columns.map((column) => sourceOf(column, group)), rowGroupSize: groupRows })
    await turn()
  }
  await file.finish()
  return writer.getBytes()
}

function sourceOf({ name, type, is_nullable }: Column, rows: readonly Row[]): ColumnSource {
  const data = rows.map((row) => {
    const value = row[name]
    if (value === null || value === undefined) {
      if (is_nullable) return undefined
      throw new RangeError(`a row has no ${name}`)
    }
    return type === 'instant' ? BigInt(value) : value
  })
  return { name, data }
}
