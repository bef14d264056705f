-- What figures of a past period are judged by: how a doctor's hours and a resource's service were then, not how they are now.

-- The states of a doctor's calendar, each in force until the next. Kept by triggers, so that no path forgets it.
create table doctor_states (
  doctor_id            uuid not null references doctors on delete cascade,
  in_force_from        timestamptz not null,
  recorded_xid         xid8 not null default pg_current_xact_id(),
  is_active            boolean not null,
  department_id        uuid,
  specialization       text not null,
  timezone             text not null,
  available_from       time not null,
  available_to         time not null,
  consultation_minutes integer not null,
  blocks               jsonb not null,
  primary key (doctor_id, in_force_from)
);
comment on column doctor_states.recorded_xid is 'what one transaction changes is one state';
grant select on doctor_states to openward_app;

-- As the doctor and the blocks are at this moment.
create view doctor_present_states as
  select d.id as doctor_id, d.is_active, d.department_id, d.specialization, d.timezone, d.available_from, d.available_to, d.consultation_minutes,
         coalesce((select jsonb_agg(jsonb_build_object(
                            'weekday', b.weekday, 'start_time', to_char(b.start_time, 'HH24:MI'), 'end_time', to_char(b.end_time, 'HH24:MI'),
                            'slot_minutes', b.slot_minutes, 'valid_from', b.valid_from, 'valid_until', b.valid_until)
                            order by b.weekday, b.start_time, b.valid_from)
                     from schedule_blocks b where b.doctor_id = d.id), '[]') as blocks
    from doctors d;

create function openward.note_doctor_state(p_doctor uuid, p_from timestamptz) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update doctor_states s
     set (is_active, department_id, specialization, timezone, available_from, available_to, consultation_minutes, blocks)
       = (select p.is_active, p.department_id, p.specialization, p.timezone, p.available_from, p.available_to, p.consultation_minutes, p.blocks
            from doctor_present_states p where p.doctor_id = p_doctor)
   where s.doctor_id = p_doctor and s.recorded_xid = pg_current_xact_id();
  if found then return; end if;
  -- The clock may have been set back since the last change.
  insert into doctor_states (doctor_id, in_force_from, is_active, department_id, specialization, timezone, available_from, available_to,
                             consultation_minutes, blocks)
  select p.doctor_id,
         greatest(p_from, (select max(s.in_force_from) + interval '1 microsecond' from doctor_states s where s.doctor_id = p_doctor)),
         p.is_active, p.department_id, p.specialization, p.timezone, p.available_from, p.available_to, p.consultation_minutes, p.blocks
    from doctor_present_states p where p.doctor_id = p_doctor;
end $$;
revoke all on function openward.note_doctor_state from public;

create function openward.doctor_was_made() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform openward.note_doctor_state(new.id, new.created_at);
  return null;
end $$;
create trigger state_made after insert on doctors for each row execute function openward.doctor_was_made();

create function openward.doctor_was_changed() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform openward.note_doctor_state(new.id, now());
  return null;
end $$;
create trigger state_changed after update on doctors for each row
  when ((old.is_active, old.department_id, old.specialization, old.timezone, old.available_from, old.available_to, old.consultation_minutes)
        is distinct from
        (new.is_active, new.department_id, new.specialization, new.timezone, new.available_from, new.available_to, new.consultation_minutes))
  execute function openward.doctor_was_changed();

create function openward.blocks_were_changed() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform openward.note_doctor_state(doctor_id, now()) from (select distinct doctor_id from changed_blocks) as changed;
  return null;
end $$;
create trigger state_by_new_blocks after insert on schedule_blocks referencing new table as changed_blocks
  for each statement execute function openward.blocks_were_changed();
create trigger state_without_blocks after delete on schedule_blocks referencing old table as changed_blocks
  for each statement execute function openward.blocks_were_changed();

-- Of what was changed before this version nothing is known: the present state counts from the beginning.
insert into doctor_states (doctor_id, in_force_from, is_active, department_id, specialization, timezone, available_from, available_to,
                           consultation_minutes, blocks)
select p.doctor_id, d.created_at, p.is_active, p.department_id, p.specialization, p.timezone, p.available_from, p.available_to,
       p.consultation_minutes, p.blocks
  from doctor_present_states p join doctors d on d.id = p.doctor_id;

-- The same of beds, rooms and devices: where they stood, how many they held, and whether they could be used.
create table resource_states (
  resource_id   uuid not null references resources on delete cascade,
  in_force_from timestamptz not null,
  recorded_xid  xid8 not null default pg_current_xact_id(),
  state         text not null,
  ward          text,
  department_id uuid,
  lanes         integer not null,
  primary key (resource_id, in_force_from)
);
grant select on resource_states to openward_app;

create function openward.note_resource_state() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update resource_states set state = new.state, ward = new.ward, department_id = new.department_id, lanes = new.lanes
   where resource_id = new.id and recorded_xid = pg_current_xact_id();
  if found then return null; end if;
  insert into resource_states (resource_id, in_force_from, state, ward, department_id, lanes)
  values (new.id,
          greatest(case tg_op when 'INSERT' then new.created_at else clock_timestamp() end,
                   (select max(in_force_from) + interval '1 microsecond' from resource_states where resource_id = new.id)),
          new.state, new.ward, new.department_id, new.lanes);
  return null;
end $$;
create trigger state_made after insert on resources for each row execute function openward.note_resource_state();
create trigger state_changed after update on resources for each row
  when ((old.state, old.ward, old.department_id, old.lanes) is distinct from (new.state, new.ward, new.department_id, new.lanes))
  execute function openward.note_resource_state();

insert into resource_states (resource_id, in_force_from, state, ward, department_id, lanes)
select id, created_at, case when state = 'retired' then 'in_service' else state end, ward, department_id, lanes from resources
union all
select id, greatest(retired_at, created_at + interval '1 microsecond'), state, ward, department_id, lanes from resources where state = 'retired';

-- Which stay a transfer ended: whoever is moved does not leave and arrive.
alter table resource_assignments add column moved_from_id uuid constraint resource_assignments_moved_from references resource_assignments;
create unique index resource_assignments_moved_once on resource_assignments (moved_from_id) where moved_from_id is not null;
create index resource_assignments_released on resource_assignments (released_at) where released_at is not null;
-- A transfer of an earlier version released one bed and gave another within a moment.
update resource_assignments s set moved_from_id = (
  select p.id from resource_assignments p
   where p.patient_id = s.patient_id and p.is_bed and p.resource_id <> s.resource_id
     and p.released_at between s.assigned_at - interval '100 milliseconds' and s.assigned_at
   order by p.released_at desc limit 1)
 where s.is_bed;

create function openward.ward_of_resource(p_resource uuid, p_at timestamptz) returns text
language sql stable parallel safe set search_path = public, pg_temp as $$
  select ward from resource_states where resource_id = p_resource order by in_force_from <= p_at desc, abs(extract(epoch from in_force_from - p_at)) limit 1
$$;

create or replace view resource_stays as
  select id, resource_id, lane, assigned_at, expected_release_at, released_at, moved_from_id from resource_assignments;

create index documents_arrived on documents (uploaded_at);
