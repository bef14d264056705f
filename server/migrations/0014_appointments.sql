-- Appointments whole: times held while a form is filled, overbooking in lanes, series, and calendars to subscribe to.

-- Series: a rule (RFC 5545) and what it was made for. Each occurrence is an appointment of its own.
create table appointment_series (
  id         uuid primary key default uuidv7(),
  patient_id uuid not null constraint appointment_series_patient references patients,
  doctor_id  uuid not null constraint appointment_series_doctor references doctors,
  rrule      text not null,
  starts_at  timestamptz not null,
  timezone   text not null,
  created_by uuid,
  created_at timestamptz not null default now()
);
comment on column appointment_series.timezone is 'whose wall clock the occurrences keep: the doctor''s when it was booked';
create index appointment_series_patient on appointment_series (patient_id);
grant select, insert on appointment_series to openward_app;
grant update (patient_id) on appointment_series to openward_app;
alter table appointment_series enable row level security;
create policy reach on appointment_series to openward_app using (
  (select openward.setting('reach')) = 'all'
  or openward.may_reach_appointment(patient_id, doctor_id, (select openward.setting('reach'))));

alter table appointments
  alter column patient_id drop not null,
  add column held_until timestamptz,
  add column lane smallint not null default 0 constraint appointments_lanes check (lane between 0 and 3),
  add column series_id uuid constraint appointments_series references appointment_series,
  add column occurrence integer,
  -- A time may be held before it is known for whom; nothing else is without a patient.
  add constraint appointments_of_someone check (patient_id is not null or status = 'held'),
  add constraint appointments_hold_ends check (status <> 'held' or held_until is not null),
  add constraint appointments_in_series check ((series_id is null) = (occurrence is null)),
  -- A doctor is at one place in each lane; a patient has no lanes.
  add constraint appointments_doctor_lane_free exclude using gist (doctor_id with =, lane with =, during with &&)
    where (status not in ('cancelled', 'no_show')),
  drop constraint appointments_doctor_free;
alter table appointments rename constraint appointments_doctor_lane_free to appointments_doctor_free;
comment on column appointments.held_until is 'of a held time: it ends by itself, whether the row is still there or not';
comment on column appointments.lane is '0, or 1 to 3 for who was overbooked';
comment on column appointments.sealed_notes is 'reason, notes, cancel_reason and overbook_reason';

create unique index appointments_occurrence on appointments (series_id, occurrence) where series_id is not null;
-- Few rows each, so that they cost a booking nothing.
create index appointments_held on appointments (held_until) where status = 'held';
create index appointments_overbooked on appointments using gist (doctor_id, during)
  where lane > 0 and status not in ('cancelled', 'no_show');
-- Those whose end somebody has to look at.
create index appointments_unattended on appointments (upper(during)) where status in ('booked', 'confirmed');

-- What takes time: every status but these, and a hold only while it lasts.
create or replace function openward.taken_ranges(p_doctors uuid[], p_from timestamptz, p_to timestamptz)
returns table (doctor_id uuid, starts_at timestamptz, ends_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select doctor_id, lower(during), upper(during) from appointments
   where doctor_id = any (p_doctors) and lower(during) > p_from - interval '1 day' and lower(during) < p_to
     and upper(during) > p_from and status not in ('cancelled', 'no_show') and (status <> 'held' or held_until > now())
   order by lower(during)
$$;

create or replace function openward.patient_is_busy(p_patient uuid, p_during tstzrange) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from appointments where patient_id = p_patient and during && p_during
                  and status not in ('cancelled', 'no_show') and (status <> 'held' or held_until > now()))
$$;

-- Whether somebody has been overbooked at this time, other than by that appointment.
create function openward.is_overbooked(p_doctor uuid, p_during tstzrange, p_but uuid default null) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from appointments where doctor_id = p_doctor and lane > 0 and during && p_during
                  and status not in ('cancelled', 'no_show') and id is distinct from p_but)
$$;

-- The lane in which this patient (null: nobody yet) can be booked, or null. Without overbooking only where nobody is overbooked
-- at that time: the first lane may have become free before the others. Keeps the record from being merged or deleted until the
-- booking is in, as patient_may_be_booked does. It does not say whether lane 0 is free: the constraint does.
create function openward.bookable_lane(p_patient uuid, p_doctor uuid, p_during tstzrange, p_overbooks boolean) returns smallint
language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  if p_patient is not null and openward.patient_may_be_booked(p_patient) is null then return null; end if;
  if p_overbooks then
    return (select min(free.lane) from generate_series(0, 3) as free(lane)
             where not exists (select from appointments a
                                where a.doctor_id = p_doctor and a.lane = free.lane and a.during && p_during
                                  and a.status not in ('cancelled', 'no_show')));
  end if;
  return case when openward.is_overbooked(p_doctor, p_during) then null else 0 end;
end $$;

-- Removes holds that have ended: those that stand in the way of a time, or with no arguments some of all. They are gone for
-- everyone else already. Who is removing one already, or converting it, is not waited for.
create function openward.remove_ended_holds(p_doctor uuid default null, p_patient uuid default null, p_during tstzrange default null)
returns table (id uuid, doctor_id uuid, patient_id uuid, appointment_time timestamptz)
language sql volatile security definer set search_path = public, pg_temp as $$
  delete from appointments a using (
    select h.id from appointments h
     where h.status = 'held' and h.held_until <= now()
       and (p_during is null or (h.during && p_during and (h.doctor_id = p_doctor or h.patient_id = p_patient)))
     limit 200 for update skip locked) as ended
   where a.id = ended.id
  returning a.id, a.doctor_id, a.patient_id, lower(a.during)
$$;

-- How many times the caller holds. Two requests of one person wait for each other, so that the last one is not given twice.
create function openward.lock_own_holds() returns integer
language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(openward.setting('user_id'), 12));
  return (select count(*) from appointments
           where status = 'held' and held_until > now() and created_by = openward.setting('user_id')::uuid);
end $$;

-- Gives back a time that the caller holds, ended or not.
create function openward.release_hold(p_id uuid)
returns table (doctor_id uuid, patient_id uuid, appointment_time timestamptz)
language sql volatile security definer set search_path = public, pg_temp as $$
  delete from appointments a where a.id = p_id and a.status = 'held' and a.created_by = openward.setting('user_id')::uuid
  returning a.doctor_id, a.patient_id, lower(a.during)
$$;

-- How often in a row the patient did not come, wherever that was, since they last came.
create function openward.consecutive_no_shows(p_patient uuid) returns integer
language sql stable security definer set search_path = public, pg_temp as $$
  select count(*)::integer from appointments
   where patient_id = p_patient and status = 'no_show'
     and lower(during) > coalesce((select max(lower(during)) from appointments
                                    where patient_id = p_patient and status in ('checked_in', 'in_progress', 'completed')), '-infinity')
$$;

-- Calendars to subscribe to: whoever has the link reads it, so it is stored as a hash only and can be revoked.
create table calendar_feeds (
  id         uuid primary key default uuidv7(),
  user_id    uuid not null references users,
  shows      text not null check (shows in ('own_appointments', 'own_calendar')),
  token_hash bytea not null constraint calendar_feeds_token unique,
  created_at timestamptz not null default now(),
  revoked_at timestamptz
);
comment on column calendar_feeds.shows is 'own_appointments: of the patient; own_calendar: of the doctor';
create index calendar_feeds_user on calendar_feeds (user_id);
grant select, insert on calendar_feeds to openward_app;
grant update (revoked_at) on calendar_feeds to openward_app;
alter table calendar_feeds enable row level security;
create policy own on calendar_feeds to openward_app using (user_id = (select openward.setting('user_id'))::uuid);

-- Whose calendar a link opens, as the rights of that person are now; no row where it opens none.
create function openward.find_calendar_feed(p_token_hash bytea)
returns table (feed_id uuid, user_id uuid, patient_id uuid, doctor_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
  select f.id, f.user_id, case f.shows when 'own_appointments' then r.patient_id end, case f.shows when 'own_calendar' then r.doctor_id end
    from calendar_feeds f, openward.rights_of(f.user_id) r
   where f.token_hash = p_token_hash and f.revoked_at is null and r.is_user_active
     and (case f.shows when 'own_appointments' then r.patient_id else r.doctor_id end) is not null
$$;

-- What a calendar shows: when, where and with which doctor; nothing of why, and nothing of the patient.
create function openward.calendar_feed_entries(p_token_hash bytea, p_from timestamptz, p_to timestamptz)
returns table (id uuid, confirmation_code text, starts_at timestamptz, ends_at timestamptz, status text, kind text, version integer,
               created_at timestamptz, updated_at timestamptz, doctor_first_name text, doctor_last_name text, location text)
language sql stable security definer set search_path = public, pg_temp as $$
  select a.id, a.confirmation_code, lower(a.during), upper(a.during), a.status, a.kind, a.version, a.created_at, a.updated_at,
         d.first_name, d.last_name, d.location
    from openward.find_calendar_feed(p_token_hash) f
    join appointments a on a.patient_id = f.patient_id or a.doctor_id = f.doctor_id
    join doctors d on d.id = a.doctor_id
   where a.status <> 'held' and lower(a.during) >= p_from and lower(a.during) < p_to
   order by lower(a.during), a.id
   limit 2000
$$;

revoke all on function openward.is_overbooked, openward.bookable_lane, openward.remove_ended_holds, openward.lock_own_holds, openward.release_hold,
  openward.consecutive_no_shows, openward.find_calendar_feed, openward.calendar_feed_entries from public;
grant execute on function openward.is_overbooked, openward.bookable_lane, openward.remove_ended_holds, openward.lock_own_holds, openward.release_hold,
  openward.consecutive_no_shows, openward.find_calendar_feed, openward.calendar_feed_entries to openward_app;
