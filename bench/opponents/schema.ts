// A database with OpenWard's own tables and rows of the size of its own, for opponents that run the same statements on them
// without OpenWard.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type Postgres, withClient } from '../postgres.ts'

const migrations = join(import.meta.dirname, '..', '..', 'server', 'migrations')

// Sealed columns are as long as a person's are: names and birth date 192 bytes, contact 256, identifiers 128.
const insert_patients = `
  with new_patients as (
    insert into patients (patient_number, key_id, sealed_card, sealed_contact, sealed_identifiers, gender, is_complete,
                          registered_date)
    select 'PT-SEED-' || person, gen_random_uuid(), block || block || block, block || block || block || block, block || block,
           'FEMALE', true, current_date
    from generate_series(1, $1::int) as person,
         lateral (select sha256(person::text::bytea) || sha256(('b' || person)::bytea) as block) as sealed
    returning id, key_id
  ), new_keys as (
    insert into patient_keys (id, patient_id, kek_id, wrapped)
    select key_id, id, 'first', sha256(id::text::bytea) from new_patients
  )
  select id from new_patients`

/** Fills a new database with the tables of the migrations and so many people. Returns their ids. */
export async function createStatementDatabase(postgres: Postgres, name: string, people: number): Promise<string[]> {
  await postgres.createDatabase(name)
  const files = (await readdir(migrations)).filter((file) => file.endsWith('.sql')).toSorted()
  return withClient(postgres.urlOf(name), async (client) => {
    await client.query(`do $$ begin create role openward_app; exception when duplicate_object then null; end $$`)
    for (const file of files) await client.query(await readFile(join(migrations, file), 'utf8'))
    const { rows } = await client.query(insert_patients, [people])
    await client.query('vacuum analyze patients, patient_keys')
    return z
      .array(z.object({ id: z.uuid() }))
      .parse(rows)
      .map(({ id }) => id)
  })
}
