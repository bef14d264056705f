-- Start and end as columns. Under row-level security a condition becomes an index's only if its operator cannot tell of rows that
-- the caller may not see (LEAKPROOF). Comparing instants is such, taking the bound of a range is not: with lower(during) whoever
-- asked for a day read every appointment of all years.
alter table appointments
  add column starts_at timestamptz not null generated always as (lower(during)) stored,
  add column ends_at timestamptz not null generated always as (upper(during)) stored;

drop index appointments_doctor_start, appointments_patient_start, appointments_start, appointments_unattended;
create index appointments_doctor_start on appointments (doctor_id, starts_at, id);
create index appointments_patient_start on appointments (patient_id, starts_at, id);
create index appointments_start on appointments (starts_at, id);
create index appointments_unattended on appointments (ends_at) where status in ('booked', 'confirmed');

create or replace function openward.taken_ranges(p_doctors uuid[], p_from timestamptz, p_to timestamptz)
returns table (doctor_id uuid, starts_at timestamptz, ends_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select a.doctor_id, a.starts_at, a.ends_at from appointments a
   where a.doctor_id = any (p_doctors) and a.starts_at > p_from - interval '1 day' and a.starts_at < p_to
     and a.ends_at > p_from and a.status not in ('cancelled', 'no_show') and (a.status <> 'held' or a.held_until > now())
   order by a.starts_at
$$;

create or replace function openward.taken_within(p_doctors uuid[], p_from timestamptz[], p_to timestamptz[])
returns setof tstzmultirange
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(t.taken, '{}')
    from unnest(p_doctors, p_from, p_to) with ordinality as w(doctor_id, starts_at, ends_at, number)
    cross join lateral (
      select range_agg(a.during) from appointments a
       where a.doctor_id = w.doctor_id and a.starts_at > w.starts_at - interval '1 day' and a.starts_at < w.ends_at
         and a.ends_at > w.starts_at and a.status not in ('cancelled', 'no_show', 'held')) as t(taken)
   order by w.number
$$;

create or replace function openward.calendar_feed_entries(p_token_hash bytea)
returns table (id uuid, confirmation_code text, starts_at timestamptz, ends_at timestamptz, status text, version integer,
               updated_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select a.id, a.confirmation_code, a.starts_at, a.ends_at, a.status, a.version, a.updated_at
    from openward.find_calendar_feed(p_token_hash) f
    join appointments a on a.patient_id = f.patient_id or a.doctor_id = f.doctor_id
   where a.status <> 'held'
     and a.starts_at >= now() - case when f.doctor_id is null then interval '1 year' else interval '14 days' end
   order by a.starts_at, a.id
   limit 5000
$$;
