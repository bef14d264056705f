-- The waitlist: who waits for a time with a doctor or of a specialization, and which freed times they are offered.

create table waitlist_entries (
  id             uuid primary key default uuidv7(),
  patient_id     uuid not null constraint waitlist_entries_patient references patients,
  doctor_id      uuid constraint waitlist_entries_doctor references doctors,
  specialization text,
  location       text,
  from_date      date not null,
  to_date        date not null,
  weekdays       smallint[] constraint waitlist_entries_weekdays
                   check (cardinality(weekdays) between 1 and 7 and 1 <= all (weekdays) and 7 >= all (weekdays)),
  from_time      time,
  to_time        time,
  kind           text not null default 'in_person' check (kind in ('in_person', 'telemedicine')),
  priority       text not null default 'routine' check (priority in ('routine', 'urgent', 'emergency')),
  status         text not null default 'waiting' check (status in ('waiting', 'offered', 'booked', 'expired', 'withdrawn')),
  unanswered     smallint not null default 0,
  created_by     uuid,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  version        integer not null default 1,
  waits_for      text not null generated always as (case when status in ('waiting', 'offered')
                   then coalesce(doctor_id::text, openward.folded(specialization)) else id::text end) stored,
  constraint waitlist_entries_target check ((doctor_id is null) <> (specialization is null)),
  constraint waitlist_entries_window check (from_date <= to_date),
  constraint waitlist_entries_hours check (from_time < to_time),
  constraint waitlist_entries_once unique (patient_id, waits_for)
);
comment on column waitlist_entries.from_date is 'as to_date, which is included, of the zone of the doctor; so are the times and the weekdays (1 Monday to 7)';
comment on column waitlist_entries.unanswered is 'offers in a row that nobody answered';
comment on column waitlist_entries.waits_for is 'what nobody waits for twice at a time; of those that have ended nothing that another could be equal to';
create index waitlist_entries_waiting_doctor on waitlist_entries (doctor_id) where status = 'waiting';
create index waitlist_entries_waiting_specialization on waitlist_entries (openward.folded(specialization))
  where status = 'waiting' and doctor_id is null;
create index waitlist_entries_window_end on waitlist_entries (to_date) where status = 'waiting';
grant select, insert, delete on waitlist_entries to openward_app;
grant update (patient_id, status, unanswered, updated_at, version) on waitlist_entries to openward_app;
alter table waitlist_entries enable row level security;
create policy reach on waitlist_entries to openward_app using (
  (select openward.setting('reach')) = 'all'
  or openward.may_reach_appointment(patient_id, doctor_id, (select openward.setting('reach'))));

-- An offer takes its time: the id is that of the held appointment, which is gone when the offer was in vain.
create table waitlist_offers (
  id         uuid primary key,
  entry_id   uuid not null references waitlist_entries on delete cascade,
  patient_id uuid not null constraint waitlist_offers_patient references patients,
  doctor_id  uuid not null references doctors,
  during     tstzrange not null,
  status     text not null default 'open' check (status in ('open', 'accepted', 'declined', 'unanswered', 'withdrawn', 'void')),
  offered_at timestamptz not null default now(),
  expires_at timestamptz not null,
  ended_at   timestamptz,
  mail_id    uuid references mails on delete set null,
  not_told   text check (not_told in ('no_address', 'not_wanted')),
  constraint waitlist_offers_ended check ((status = 'open') = (ended_at is null))
);
comment on column waitlist_offers.status is 'void: the time is none of the doctor''s any more';
create unique index waitlist_offers_one_open on waitlist_offers (entry_id) where status = 'open';
-- Nobody is offered a time twice, by whatever two servers do at once.
create unique index waitlist_offers_time_open on waitlist_offers (doctor_id, lower(during)) where status = 'open';
create index waitlist_offers_expiry on waitlist_offers (expires_at) where status = 'open';
create index waitlist_offers_entry on waitlist_offers (entry_id);
create index waitlist_offers_patient on waitlist_offers (patient_id);
create index waitlist_offers_mail on waitlist_offers (mail_id);
grant select, insert, delete on waitlist_offers to openward_app;
grant update (patient_id, status, ended_at, mail_id, not_told) on waitlist_offers to openward_app;
-- Whoever sees an entry sees what it was offered.
alter table waitlist_offers enable row level security;
create policy reach on waitlist_offers to openward_app
  using (exists (select from waitlist_entries where waitlist_entries.id = waitlist_offers.entry_id)) with check (true);

-- The time of an offer that has ended is kept for nobody in particular until the next in line has it, for a few minutes at most.
create function openward.keep_for_next(p_hold uuid, p_minutes integer) returns void
language sql volatile security definer set search_path = public, pg_temp as $$
  update appointments set patient_id = null, held_until = now() + p_minutes * interval '1 minute'
   where id = p_hold and status = 'held' and created_by is null
$$;

create function openward.drop_kept(p_hold uuid) returns void
language sql volatile security definer set search_path = public, pg_temp as $$
  delete from appointments where id = p_hold and status = 'held' and patient_id is null and created_by is null
$$;

-- Whether the patient gave this very time back: they are not offered it.
create function openward.gave_back(p_patient uuid, p_doctor uuid, p_during tstzrange) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from appointments where patient_id = p_patient and doctor_id = p_doctor and during && p_during and status = 'cancelled')
      or exists (select from appointment_history h where h.patient_id = p_patient and h.from_time = lower(p_during))
$$;
revoke all on function openward.keep_for_next, openward.drop_kept, openward.gave_back from public;
grant execute on function openward.keep_for_next, openward.drop_kept, openward.gave_back to openward_app;

insert into event_relays (name, settled_xid, event_id)
values ('waitlist', openward.settled_xid(), '00000000-0000-0000-0000-000000000000');
