// What there is to tell of appointments, to whom, and what was told already.
import { literal, type Sql, sql } from '#platform/database/sql.ts'
import type { SealedBy } from '#modules/patients'
import type { Notice } from './notification.contract.ts'

export type Told = SealedBy & {
  appointment_id: string
  patient_id: string
  status: string
  confirmation_code: string
  appointment_time: string
  duration_minutes: number
  version: number
  updated_at: string
  /** Of the place where the appointment is. */
  timezone: string
  sealed_contact: Buffer
  preferred_language: string | null
  email: boolean | null
  quiet_from: string | null
  quiet_until: string | null
  quiet_timezone: string | null
  now: string
}

const columns = sql`
  a.id as appointment_id, a.patient_id, a.status, a.confirmation_code, a.starts_at as appointment_time,
  (extract(epoch from a.ends_at - a.starts_at) / 60)::int as duration_minutes, a.version, a.updated_at,
  d.timezone, p.sealed_contact, p.preferred_language, k.id as key_id, k.kek_id, k.wrapped,
  c.email, to_char(c.quiet_from, 'HH24:MI') as quiet_from, to_char(c.quiet_until, 'HH24:MI') as quiet_until,
  c.timezone as quiet_timezone, now() as now`

const joined = sql`
  join doctors d on d.id = a.doctor_id join patients p on p.id = a.patient_id join patient_keys k on k.id = p.key_id
  left join notification_preferences c on c.patient_id = a.patient_id`

/** Of a held time nobody is told, and of a person whose record was erased nothing is known. */
export function findTold(ids: readonly string[]): Sql<Told & { was_told: boolean }> {
  return sql`
    select ${columns},
           exists (select from notices n join mails m on m.id = n.mail_id
                    where n.appointment_id = a.id and n.kind in ('confirmation', 'change')
                      and (m.status in ('sent', 'kept') or m.attempts > 0)) as was_told
      from appointments a ${joined}
     where a.id = any(${ids}::uuid[]) and a.status <> 'held' and k.wrapped is not null`
}

/** Where a reminder stands among those that are due. */
export type DuePlace = Pick<Told, 'appointment_id' | 'appointment_time'> & { offset_minutes: number }

/**
 * Reminders that are due and were not given. Who was told of the appointment after the reminder would have been due needs none.
 * The rows are locked, and those that another server has are left to it. Those up to `after` were looked at.
 */
export function findDueReminders(limit: number, after?: DuePlace): Sql<Told & DuePlace> {
  const further =
    after &&
    sql`and (a.starts_at, a.id, r.offset_minutes) > (${after.appointment_time}::timestamptz, ${after.appointment_id}::uuid, ${after.offset_minutes}::integer)`
  return sql`
    select ${columns}, r.offset_minutes
      from appointments a ${joined}
     cross join lateral unnest(coalesce(c.reminder_minutes, '{1440}')) as r(offset_minutes)
     where a.status in ('booked', 'confirmed') and k.wrapped is not null
       and a.starts_at > now()
       and a.starts_at <= now() + interval '1 minute' * (
             select greatest(1440, coalesce(max(minutes), 0)) from notification_preferences, unnest(reminder_minutes) as minutes)
       and a.starts_at <= now() + interval '1 minute' * r.offset_minutes
       and not exists (select from notices n where n.appointment_id = a.id and n.channel = 'email'
                        and (n.kind = 'reminder' and n.offset_minutes = r.offset_minutes and n.occurrence = extract(epoch from a.starts_at)::text
                             or n.kind <> 'reminder' and n.created_at > a.starts_at - interval '1 minute' * r.offset_minutes))
       and a.created_at <= a.starts_at - interval '1 minute' * r.offset_minutes
       ${further ?? sql``}
     order by a.starts_at, a.id, r.offset_minutes limit ${literal(limit)} for update of a skip locked`
}

export type NewNotice = {
  id: string
  appointment_id: string
  patient_id: string
  kind: Notice['kind']
  /** A start for a reminder, a version for what else there is to tell. */
  occurrence: string
  offset_minutes: number
  skipped: Notice['skipped']
}

/** Yields no row where this was told before. */
export function insertNotice({ kind, occurrence, ...notice }: NewNotice): Sql<{ id: string }> {
  const told =
    kind === 'reminder' ? sql`extract(epoch from ${occurrence}::timestamptz)::text` : sql`${occurrence}::text`
  return sql`
    insert into notices (id, appointment_id, patient_id, kind, occurrence, offset_minutes, skipped)
    values (${notice.id}, ${notice.appointment_id}, ${notice.patient_id}, ${kind}, ${told}, ${notice.offset_minutes}, ${notice.skipped})
    on conflict do nothing returning id`
}

export function linkMail(id: string, mail_id: string): Sql {
  return sql`update notices set mail_id = ${mail_id} where id = ${id}`
}

/** What was not sent yet of these appointments never will be; a reminder that was not given may be given again. */
export function voidUnsent(ids: readonly string[]): Sql {
  return sql`
    with void as (
      update mails set status = 'void' where status = 'waiting'
         and id in (select mail_id from notices where appointment_id = any(${ids}::uuid[]))
      returning id)
    delete from notices using void where notices.mail_id = void.id and notices.kind = 'reminder'`
}

type NoticeRow = Omit<Notice, 'attempts'> & { attempts: Notice['attempts'] | null }

export function listNotices(appointment_id: string): Sql<NoticeRow> {
  return sql`
    select n.id, n.kind, n.channel, n.offset_minutes, n.created_at, n.skipped,
           case when n.skipped is not null then 'skipped' else coalesce(m.status, 'forgotten') end as status,
           case when m.status = 'waiting' then m.next_attempt_at end as next_attempt_at, m.sent_at,
           (select json_agg(json_build_object('attempt', t.attempt, 'attempted_at', to_char(t.attempted_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                                              'outcome', t.outcome, 'reason', t.reason, 'smtp_code', t.smtp_code) order by t.attempt)
              from mail_attempts t where t.mail_id = n.mail_id) as attempts
      from notices n left join mails m on m.id = n.mail_id
     where n.appointment_id = ${appointment_id} order by n.created_at, n.id limit 200`
}

/** In the caller's own reach. */
export function appointmentExists(id: string): Sql<{ patient_id: string }> {
  return sql`select patient_id from appointments where id = ${id} and patient_id is not null`
}
