-- Doctors and the first bookings. Time is a range [start, end): the database, not the service, prevents double booking.

create table doctors (
  id                   uuid primary key default uuidv7(),
  user_id              uuid not null constraint doctors_user unique references users,
  first_name           text not null,
  last_name            text not null,
  specialization       text not null,
  license_number       text not null constraint doctors_license unique,
  department_id        uuid references departments,
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
  cancel_reason     text,
  created_by        uuid,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now(),
  version           integer not null default 1,

  constraint appointments_range check (not isempty(during) and lower_inc(during) and not upper_inc(during)
                                       and lower(during) is not null and upper(during) is not null),
  -- Every status that takes the time is named by what does not: a status added later takes it by default.
  constraint appointments_doctor_free exclude using gist (doctor_id with =, during with &&)
    where (status not in ('cancelled', 'no_show')),
  constraint appointments_patient_free exclude using gist (patient_id with =, during with &&)
    where (status not in ('cancelled', 'no_show'))
);
comment on column appointments.sealed_notes is 'reason and notes';
create index appointments_doctor_start on appointments (doctor_id, lower(during));
create index appointments_patient_start on appointments (patient_id, lower(during));
create index appointments_created on appointments (created_at desc, id desc);
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
  reason         text
);
create index appointment_history_appointment on appointment_history (appointment_id, id);
create index appointment_history_patient on appointment_history (patient_id);
grant select, insert on appointment_history to openward_app;
grant update (patient_id) on appointment_history to openward_app;

call openward.protect('appointments', 'appointments.patient_id');
call openward.protect('appointment_history', 'appointment_history.patient_id');
