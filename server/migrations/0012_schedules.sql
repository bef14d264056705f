-- When doctors work: the blocks of their week, the time that they take off, and what is known to be full.

create table schedule_blocks (
  id              uuid primary key default uuidv7(),
  doctor_id       uuid not null constraint schedule_blocks_doctor references doctors,
  weekday         smallint not null check (weekday between 1 and 7),
  start_time      time not null,
  end_time        time not null,
  slot_minutes    integer not null check (slot_minutes between 5 and 240),
  emergency_share double precision not null default 0 check (emergency_share between 0 and 1),
  location        text,
  valid_from      date not null,
  valid_until     date,
  created_at      timestamptz not null default now(),
  minutes         int4range not null generated always as (int4range(
                    (extract(hour from start_time) * 60 + extract(minute from start_time))::integer,
                    (extract(hour from end_time) * 60 + extract(minute from end_time))::integer)) stored,
  constraint schedule_blocks_times check (start_time < end_time),
  constraint schedule_blocks_validity check (valid_from <= valid_until),
  constraint schedule_blocks_apart exclude using gist
    (doctor_id with =, weekday with =, minutes with &&, daterange(valid_from, valid_until, '[]') with &&)
);
comment on column schedule_blocks.weekday is '1 Monday to 7 Sunday';
comment on column schedule_blocks.start_time is 'on the wall clock of the doctor''s zone; the end may be 24:00';
comment on column schedule_blocks.emergency_share is 'of its slots, kept for urgent and emergency bookings';
comment on column schedule_blocks.location is 'null: where the doctor is';
grant select, insert, delete on schedule_blocks to openward_app;

create table time_off (
  id         uuid primary key default uuidv7(),
  doctor_id  uuid not null constraint time_off_doctor references doctors,
  starts_at  timestamptz not null,
  ends_at    timestamptz not null,
  reason     text,
  created_by uuid,
  created_at timestamptz not null default now(),
  constraint time_off_range check (starts_at < ends_at)
);
create index time_off_doctor_end on time_off (doctor_id, ends_at);
grant select, insert, delete on time_off to openward_app;

-- Text as people search for it: case and diacritics do not count.
create function openward.folded(p_text text) returns text language sql immutable strict parallel safe as
  $$ select regexp_replace(normalize(lower(p_text), nfkd), '[\u0300-\u036f]', '', 'g') $$;
create index doctors_specialization_folded on doctors (openward.folded(specialization)) where is_active;

-- Where a search for free slots need not look again. A derived index, written by whoever searched for long, so that bookings pay
-- nothing for it: full times can only become fuller, unless something is freed, and that is noted here in the same transaction.
create table doctor_full_times (
  doctor_id   uuid primary key references doctors on delete cascade,
  freed       bigint not null default 0,
  version     integer not null default 0,
  for_anyone  int8multirange not null default '{}',
  for_routine int8multirange not null default '{}'
);
comment on column doctor_full_times.freed is 'counts what was freed: what was learnt before is not written after';
comment on column doctor_full_times.version is 'of the calendar (doctors.version) that the times were judged by: with another they mean nothing';
comment on column doctor_full_times.for_anyone is 'milliseconds since 1970 within which no slot starts that is free';
comment on column doctor_full_times.for_routine is 'the same, of the slots that are not kept for urgent and emergency bookings';
grant select, update (version, for_anyone, for_routine) on doctor_full_times to openward_app;

create function openward.begin_full_times() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into doctor_full_times (doctor_id) values (new.id);
  return null;
end $$;
create trigger full_times after insert on doctors for each row execute function openward.begin_full_times();
insert into doctor_full_times (doctor_id) select id from doctors;

-- A slot that overlaps what was freed starts up to four hours before it, the longest that a slot can be.
create function openward.note_freed() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare v_freed int8multirange := int8multirange(int8range(
  (extract(epoch from lower(old.during) - interval '240 minutes') * 1000)::bigint, (extract(epoch from upper(old.during)) * 1000)::bigint));
begin
  update doctor_full_times
     set freed = freed + 1, for_anyone = for_anyone - v_freed, for_routine = for_routine - v_freed
   where doctor_id = old.doctor_id;
  return null;
end $$;
create trigger freed after update of status, doctor_id, during on appointments for each row
  when (upper(old.during) > now() and old.status not in ('cancelled', 'no_show')
        and (new.status in ('cancelled', 'no_show') or new.doctor_id <> old.doctor_id or new.during <> old.during))
  execute function openward.note_freed();
create trigger freed_by_deletion after delete on appointments for each row
  when (upper(old.during) > now() and old.status not in ('cancelled', 'no_show')) execute function openward.note_freed();

-- Which times are taken for good within some windows, each of one doctor, and nothing of by whom; a row for each window. What is
-- only held is not among them, since that ends by itself.
create function openward.taken_within(p_doctors uuid[], p_from timestamptz[], p_to timestamptz[]) returns setof tstzmultirange
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(t.taken, '{}')
    from unnest(p_doctors, p_from, p_to) with ordinality as w(doctor_id, starts_at, ends_at, number)
    cross join lateral (
      select range_agg(a.during) from appointments a
       where a.doctor_id = w.doctor_id and lower(a.during) > w.starts_at - interval '1 day' and lower(a.during) < w.ends_at
         and upper(a.during) > w.starts_at and a.status not in ('cancelled', 'no_show', 'held')) as t(taken)
   order by w.number
$$;

-- Which times are taken, as openward.taken_ranges says it, of those among the doctors with whom something is held.
create index appointments_held_with on appointments (doctor_id) where status = 'held';
create function openward.taken_while_held(p_doctors uuid[], p_from timestamptz, p_to timestamptz)
returns table (doctor_id uuid, starts_at timestamptz, ends_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select t.doctor_id, t.starts_at, t.ends_at
    from openward.taken_ranges(array(select distinct a.doctor_id from appointments a where a.status = 'held' and a.doctor_id = any (p_doctors)),
                               p_from, p_to) as t
$$;

revoke all on function openward.taken_within, openward.taken_while_held from public;
grant execute on function openward.taken_within, openward.taken_while_held to openward_app;
