-- Visits: who is here, in which state, and what became of it.

create sequence visit_numbers;
grant usage on sequence visit_numbers to openward_app;

create table visits (
  id                     uuid primary key default uuidv7(),
  visit_number           text not null constraint visits_number unique,
  patient_id             uuid not null constraint visits_patient references patients,
  appointment_id         uuid constraint visits_appointment unique references appointments,
  doctor_id              uuid constraint visits_doctor references doctors,
  department_id          uuid not null constraint visits_department references departments,
  type                   text not null check (type in ('outpatient', 'inpatient', 'emergency', 'telemedicine')),
  status                 text not null default 'registered' check (status in
                           ('registered', 'triaged', 'in_progress', 'admitted', 'completed', 'discharged', 'left_without_being_seen', 'cancelled')),
  priority               integer not null default 3 check (priority between 1 and 5),
  key_id                 uuid references patient_keys,
  sealed_chief_complaint bytea,
  opened_at              timestamptz not null default now(),
  closed_at              timestamptz,
  created_by             uuid,
  updated_at             timestamptz not null default now(),
  version                integer not null default 1,
  news2_score            smallint check (news2_score between 0 and 20),
  is_open                boolean not null generated always as
                           (status in ('registered', 'triaged', 'in_progress', 'admitted')) stored,
  constraint visits_closed_when_final check (is_open = (closed_at is null)),
  constraint visits_closed_later check (closed_at >= opened_at)
);
comment on column visits.priority is '1 is seen first';
comment on column visits.news2_score is 'of the last vital signs; null while there are none, or for a child';
-- The same visit opened by two people at once is one visit.
create unique index visits_one_open on visits (patient_id, department_id) where is_open;
create index visits_of_patient on visits (patient_id, opened_at desc, id desc);
create index visits_of_doctor on visits (doctor_id, opened_at desc, id desc);
create index visits_board on visits (department_id, priority, opened_at) where is_open;
create index visits_opened on visits (opened_at, id);
grant select, insert, update on visits to openward_app;

create table visit_history (
  id            uuid primary key default uuidv7(),
  visit_id      uuid not null references visits,
  patient_id    uuid not null references patients,
  timestamp     timestamptz not null default clock_timestamp(),
  user_id       uuid,
  from_status   text,
  to_status     text not null,
  key_id        uuid references patient_keys,
  sealed_reason bytea
);
create index visit_history_visit on visit_history (visit_id, id);
create index visit_history_patient on visit_history (patient_id);
grant select, insert on visit_history to openward_app;
grant update (patient_id, key_id, sealed_reason) on visit_history to openward_app;

-- A visit is in the reach of its department and its doctor, before they have any other tie to the patient: opening it makes one.
create function openward.may_reach_visit(p_patient uuid, p_department uuid, p_doctor uuid, p_reach text) returns boolean
language sql stable parallel safe as $$
  select p_reach like '%department%' and p_department = openward.setting('department_id')::uuid
      or p_reach like '%own%' and p_doctor = openward.setting('doctor_id')::uuid
      or openward.may_reach(p_patient, p_reach)
$$;
alter table visits enable row level security;
create policy reach on visits to openward_app using (
  (select openward.setting('reach')) = 'all'
  or openward.may_reach_visit(patient_id, department_id, doctor_id, (select openward.setting('reach'))));
alter table visit_history enable row level security;
create policy reach on visit_history to openward_app
  using (exists (select from visits where visits.id = visit_history.visit_id)) with check (true);

-- A visit relates its patient to the department and the doctor for good: whoever has treated may read what they did. One that was
-- cancelled is no reason, as a cancelled appointment is none.
create function openward.relate_visit() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if new.status = 'cancelled' then
    delete from care_relationships where patient_id = new.patient_id and origin = 'visit' and origin_id = new.id;
    return null;
  end if;
  insert into care_relationships (patient_id, department_id, doctor_id, origin, origin_id)
  values (new.patient_id, new.department_id, new.doctor_id, 'visit', new.id) on conflict do nothing;
  return null;
end $$;
create trigger related after insert or update of doctor_id, department_id, status on visits
  for each row execute function openward.relate_visit();

-- What is signed stays as it was signed, whoever asks; also the owner of the database. The patient changes with a merge, the seal
-- with a rotation of keys. Arguments: the column that says so, and its values that are final.
create function openward.keep_signed() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare v_free text[] := array['patient_id'];
begin
  if not coalesce(to_jsonb(old) ->> tg_argv[0] = any (tg_argv[1:]), true) then
    return case tg_op when 'DELETE' then old else new end;
  end if;
  if tg_op = 'UPDATE' then
    if new.key_id <> old.key_id and openward.is_sealed_anew(old.key_id, new.key_id, new.patient_id) then
      v_free := v_free || 'key_id'::text || array(select name from jsonb_object_keys(to_jsonb(new)) as name where name like 'sealed\_%');
    end if;
    if to_jsonb(old) - v_free = to_jsonb(new) - v_free then return new; end if;
  end if;
  raise exception 'what is signed is never changed' using errcode = 'OW423', table = tg_table_name;
end $$;

-- Check-in opens the visit, or joins the one that is open in that department, in the same transaction and by whatever path. A doctor
-- of no department has nobody's board: there the visit is opened by hand.
create function openward.open_visit_at_check_in() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare v_department uuid; v_visit uuid;
begin
  select department_id into v_department from doctors where id = new.doctor_id;
  if v_department is null then return null; end if;
  insert into visits (visit_number, patient_id, appointment_id, doctor_id, department_id, type, priority, created_by)
  values (openward.next_number('visit_numbers', 'VS', (lower(new.during) at time zone (select timezone from doctors where id = new.doctor_id))::date),
          new.patient_id, new.id, new.doctor_id, v_department,
          case new.kind when 'telemedicine' then 'telemedicine' else 'outpatient' end,
          case new.priority when 'emergency' then 1 when 'urgent' then 2 else 3 end,
          nullif(openward.setting('user_id'), '')::uuid)
  on conflict (patient_id, department_id) where is_open do nothing
  returning id into v_visit;
  if v_visit is null then
    update visits set appointment_id = new.id, doctor_id = coalesce(doctor_id, new.doctor_id), updated_at = now(), version = version + 1
     where patient_id = new.patient_id and department_id = v_department and is_open and appointment_id is null returning id into v_visit;
    if v_visit is not null then
      insert into events (type, subject_type, subject_id, patient_id, payload)
      values ('visit.updated', 'visit', v_visit, new.patient_id, '{"fields": ["appointment_id"]}');
    end if;
    return null;
  end if;
  insert into visit_history (visit_id, patient_id, user_id, to_status)
  values (v_visit, new.patient_id, nullif(openward.setting('user_id'), '')::uuid, 'registered');
  insert into events (type, subject_type, subject_id, patient_id, payload)
  values ('visit.opened', 'visit', v_visit, new.patient_id,
          jsonb_build_object('department_id', v_department, 'doctor_id', new.doctor_id, 'appointment_id', new.id));
  return null;
end $$;
create trigger visit_opened after update of status on appointments for each row
  when (new.status = 'checked_in' and old.status <> 'checked_in') execute function openward.open_visit_at_check_in();

-- What stands in the way of ending a visit: later modules add what they know.
create view visit_obstacles as
  select v.id as visit_id, 'resource_assigned' as obstacle, a.resource_id as subject_id
    from visits v join resource_assignments a on a.patient_id = v.patient_id and a.released_at is null
   where v.status = 'admitted' or not exists (
         select from visits other where other.patient_id = v.patient_id and other.status = 'admitted' and other.id <> v.id);
grant select on visit_obstacles to openward_app;

-- Everyone who reads visits reads their status; at the desk that is all.
update roles set permissions = permissions || array['visits:status'], version = version + 1 where name = 'admin';
update roles set permissions = permissions || array['visits:status:department', 'visits:status:own'], version = version + 1 where name = 'doctor';
update roles set permissions = permissions || array['visits:status:department'], version = version + 1 where name = 'nurse';
update roles set permissions = permissions || array['visits:status:own'], version = version + 1 where name = 'patient';
