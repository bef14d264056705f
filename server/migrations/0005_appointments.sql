-- Doctors and the first bookings. Time is a range [start, end): the database, not the service, prevents double booking.

create table doctors (
  id                   uuid primary key default uuidv7(),
  user_id              uuid not null constraint doctors_user unique references users,
  first_name           text not null,
  last_name            text not null,
  specialization       text not null,
  license_number       text not null constraint doctors_license unique,
  department_id        uuid constraint doctors_department references departments,
  location             text not null,
  bio                  text,
  languages            text[] not null default '{}',
  consultation_minutes integer not null default 30 check (consultation_minutes between 5 and 240),
  available_from       time not null default '09:00',
  available_to         time not null default '17:00',
  timezone             text not null,
  accepts_new_patients boolean not null default true,
  is_active            boolean not null default true,
  created_at           timestamptz not null default now(),
  updated_at           timestamptz not null default now(),
  version              integer not null default 1,
  constraint doctors_available_range check (available_from < available_to)
);
comment on column doctors.first_name is 'public, as on the door: not sealed';
create index doctors_specialization on doctors (specialization, id) where is_active;
grant select, insert, update on doctors to openward_app;

create trigger rights_changed after insert or delete or update of user_id on doctors
  for each row execute function openward.linked_rights_changed();

alter table care_relationships add constraint care_relationships_doctor foreign key (doctor_id) references doctors;

create table appointments (
  id                uuid primary key default uuidv7(),
  confirmation_code text not null constraint appointments_code unique,
  patient_id        uuid not null constraint appointments_patient references patients,
  doctor_id         uuid not null constraint appointments_doctor references doctors,
  during            tstzrange not null,
  status            text not null default 'booked' check (status in
                      ('held', 'booked', 'confirmed', 'checked_in', 'in_progress', 'completed', 'cancelled', 'no_show')),
  kind              text not null default 'in_person' check (kind in ('in_person', 'telemedicine')),
  priority          text not null default 'routine' check (priority in ('routine', 'urgent', 'emergency')),
  key_id            uuid references patient_keys,
  sealed_notes      bytea,
  created_by        uuid,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now(),
  version           integer not null default 1,

  constraint appointments_range check (not isempty(during) and lower_inc(during) and not upper_inc(during)
                                       and lower(during) is not null and upper(during) is not null),
  -- openward.taken_ranges looks back no further.
  constraint appointments_within_a_day check (upper(during) - lower(during) <= interval '1 day'),
  -- Every status that takes the time is named by what does not: a status added later takes it by default.
  constraint appointments_doctor_free exclude using gist (doctor_id with =, during with &&)
    where (status not in ('cancelled', 'no_show')),
  constraint appointments_patient_free exclude using gist (patient_id with =, during with &&)
    where (status not in ('cancelled', 'no_show'))
);
comment on column appointments.sealed_notes is 'reason, notes and cancel_reason';
create index appointments_doctor_start on appointments (doctor_id, lower(during), id);
create index appointments_patient_start on appointments (patient_id, lower(during), id);
create index appointments_start on appointments (lower(during), id);
grant select, insert, update on appointments to openward_app;

create table appointment_history (
  id             uuid primary key default uuidv7(),
  appointment_id uuid not null references appointments,
  patient_id     uuid not null references patients,
  timestamp      timestamptz not null default clock_timestamp(),
  user_id        uuid,
  from_status    text,
  to_status      text not null,
  from_time      timestamptz,
  to_time        timestamptz,
  key_id         uuid references patient_keys,
  sealed_reason  bytea
);
create index appointment_history_appointment on appointment_history (appointment_id, id);
create index appointment_history_patient on appointment_history (patient_id);
grant select, insert on appointment_history to openward_app;
grant update (patient_id, key_id, sealed_reason) on appointment_history to openward_app;

-- Own is the person's own appointments or the doctor's own calendar, not whatever else a treated patient has booked.
-- A department reaches its doctors' calendars before there is a care relationship: booking makes it.
alter table appointments enable row level security;
-- As openward.may_reach: one look-up for the reach that is asked, none set up for the others.
create function openward.may_reach_appointment(p_patient uuid, p_doctor uuid, p_reach text) returns boolean
language plpgsql stable parallel safe as $$
begin
  if p_reach = 'all' then return true; end if;
  if p_reach like '%own%' and (p_patient = openward.setting('patient_id')::uuid or p_doctor = openward.setting('doctor_id')::uuid) then
    return true;
  end if;
  if p_reach like '%department%' then
    perform from doctors where id = p_doctor and department_id = openward.setting('department_id')::uuid;
    if found then return true; end if;
    perform from care_relationships c
      where c.patient_id = p_patient and c.department_id = openward.setting('department_id')::uuid limit 1;
    if found then return true; end if;
  end if;
  if p_reach like '%glass%' then
    perform from emergency_accesses e
      where e.patient_id = p_patient and e.user_id = openward.setting('user_id')::uuid and e.expires_at > now() limit 1;
    return found;
  end if;
  return false;
end $$;
create policy reach on appointments to openward_app using (
  (select openward.setting('reach')) = 'all'
  or openward.may_reach_appointment(patient_id, doctor_id, (select openward.setting('reach'))));

-- Whoever sees an appointment sees what became of it; whoever may write one writes its history in the same statement.
alter table appointment_history enable row level security;
create policy reach on appointment_history to openward_app
  using (exists (select from appointments where appointments.id = appointment_history.appointment_id)) with check (true);

-- Which times of these doctors are taken, and nothing of by whom: for slots, which are public.
create function openward.taken_ranges(p_doctors uuid[], p_from timestamptz, p_to timestamptz)
returns table (doctor_id uuid, starts_at timestamptz, ends_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select doctor_id, lower(during), upper(during) from appointments
   where doctor_id = any (p_doctors) and lower(during) > p_from - interval '1 day' and lower(during) < p_to
     and upper(during) > p_from and status not in ('cancelled', 'no_show')
   order by lower(during)
$$;

-- Null where nobody may book for this patient. Keeps the record from being merged or deleted until the booking is in:
-- asked by people who may find a patient but not read the record.
create function openward.patient_may_be_booked(p_patient uuid) returns boolean
language sql volatile security definer set search_path = public, pg_temp as $$
  select true from patients where id = p_patient and is_active and merged_into is null and erased_at is null for share
$$;

-- Whether the patient is expected elsewhere, and nothing of where.
create function openward.patient_is_busy(p_patient uuid, p_during tstzrange) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from appointments where patient_id = p_patient and during && p_during
                  and status not in ('cancelled', 'no_show'))
$$;

revoke all on function openward.taken_ranges, openward.patient_may_be_booked, openward.patient_is_busy from public;
grant execute on function openward.taken_ranges, openward.patient_may_be_booked, openward.patient_is_busy to openward_app;
