import { all, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'
import type { Doctor, DoctorProfile, DoctorQuery, DoctorRequest } from './doctor.contract.ts'

export const publicColumns = sql`doctors.id, first_name, last_name, specialization, location, bio, languages, consultation_minutes,
       available_from, available_to, timezone, accepts_new_patients`
const profileColumns = sql`${publicColumns}, doctors.user_id, license_number, doctors.department_id, doctors.is_active, doctors.created_at,
       doctors.updated_at, doctors.version`

export type DoctorFilter = Pick<DoctorQuery, 'specialization' | 'location' | 'language' | 'q'> & {
  doctor_ids?: readonly string[] | undefined
}

/** Case and diacritics do not count. */
const folded = (text: Sql) => sql`openward.folded(${text})`
const contains = (text: Sql, part: string) => sql`position(${folded(sql`${part}::text`)} in ${folded(text)}) > 0`

export function matchingDoctors({ specialization, location, language, q, doctor_ids }: DoctorFilter): Sql {
  return all([
    sql`doctors.is_active`,
    doctor_ids === undefined ? undefined : sql`doctors.id = any (${doctor_ids}::uuid[])`,
    specialization === undefined
      ? undefined
      : sql`${folded(sql`specialization`)} = ${folded(sql`${specialization}::text`)}`,
    location === undefined
      ? undefined
      : sql`(${contains(sql`doctors.location`, location)}
             or exists (select from schedule_blocks b where b.doctor_id = doctors.id and ${contains(sql`b.location`, location)}))`,
    language === undefined
      ? undefined
      : sql`exists (select from unnest(languages) as spoken where lower(spoken) = lower(${language}))`,
    ...(q ?? '')
      .split(/\s+/)
      .filter((word) => word !== '')
      .slice(0, 6)
      .map((word) => contains(sql`first_name || ' ' || last_name || ' ' || specialization`, word)),
  ])
}

export type NamePage = { skip: number; limit: number; after: string | undefined }

/** Of these the page in the order of names, behind the doctor with whom the one before ended. */
export function pageByName<Row>(columns: Sql, which: Sql, { skip, limit, after }: NamePage): Sql<Row> {
  const beyond =
    after === undefined
      ? undefined
      : sql`(last_name, first_name, doctors.id) > (select last.last_name, last.first_name, last.id from doctors as last where last.id = ${after})`
  return sql`
    select ${columns} from doctors where ${all([which, beyond])}
     order by last_name, first_name, doctors.id limit ${literal(limit)} offset ${skipped(after ? 0 : skip)}`
}

export function findDoctors(filter: DoctorFilter, page: NamePage): Sql<Doctor & { version: number }> {
  return pageByName(sql`${publicColumns}, version`, matchingDoctors(filter), page)
}

export function countDoctors(filter: DoctorFilter): Sql<{ total: number }> {
  return sql`select count(*) as total from doctors where ${matchingDoctors(filter)}`
}

export function findDoctor(id: string): Sql<Doctor & { version: number }> {
  return sql`select ${publicColumns}, version from doctors where id = ${id} and is_active`
}

export function findProfile(by: { id: string } | { user_id: string }): Sql<DoctorProfile> {
  return sql`select ${profileColumns} from doctors where ${'id' in by ? sql`id = ${by.id}` : sql`user_id = ${by.user_id}`}`
}

/** Of accounts that are all of `user_ids`; of everyone where there is none. */
const ofAccounts = (user_ids: readonly string[]) => all(user_ids.map((user_id) => sql`doctors.user_id = ${user_id}`))

export function findProfiles(user_ids: readonly string[], page: NamePage): Sql<DoctorProfile> {
  return pageByName(profileColumns, ofAccounts(user_ids), page)
}

export function countProfiles(user_ids: readonly string[]): Sql<{ total: number }> {
  return sql`select count(*)::int as total from doctors where ${ofAccounts(user_ids)}`
}

export type Account = {
  id: string
  key_id: string
  sealed_profile: Buffer
  role: string
  department_id: string | null
  is_active: boolean
}

export function findAccount(user_id: string): Sql<Account> {
  return sql`select id, key_id, sealed_profile, role, department_id, is_active from users where id = ${user_id}`
}

export type DoctorValues = Required<
  Omit<DoctorRequest, 'bio' | 'department_id' | 'first_name' | 'last_name' | 'timezone'>
> &
  Pick<DoctorProfile, 'first_name' | 'last_name' | 'bio' | 'department_id' | 'timezone'>

/** The account's rights change with its profile: its next request knows the `doctor_id`. */
export function insertDoctor(id: string, user_id: string, values: DoctorValues): Sql<DoctorProfile> {
  return sql`
    with account as (
      update users set authority_version = authority_version + 1, updated_at = now() where id = ${user_id})
    insert into doctors (id, user_id, first_name, last_name, specialization, license_number, department_id, location, bio, languages,
                         consultation_minutes, available_from, available_to, timezone, accepts_new_patients, is_active)
    values (${id}, ${user_id}, ${values.first_name}, ${values.last_name}, ${values.specialization}, ${values.license_number},
            ${values.department_id}, ${values.location}, ${values.bio}, ${values.languages}, ${values.consultation_minutes},
            ${values.available_from}, ${values.available_to}, ${values.timezone}, ${values.accepts_new_patients}, ${values.is_active})
    returning ${profileColumns}`
}

/** No row where the version that the caller read is no longer the current one. */
export function updateDoctor(id: string, version: number | undefined, values: DoctorValues): Sql<DoctorProfile> {
  return sql`
    update doctors
       set first_name = ${values.first_name}, last_name = ${values.last_name}, specialization = ${values.specialization},
           license_number = ${values.license_number}, department_id = ${values.department_id}, location = ${values.location},
           bio = ${values.bio}, languages = ${values.languages}, consultation_minutes = ${values.consultation_minutes},
           available_from = ${values.available_from}, available_to = ${values.available_to}, timezone = ${values.timezone},
           accepts_new_patients = ${values.accepts_new_patients}, is_active = ${values.is_active}, updated_at = now(),
           version = version + 1
     where id = ${id} and version = coalesce(${version ?? null}::int, version)
    returning ${profileColumns}`
}
