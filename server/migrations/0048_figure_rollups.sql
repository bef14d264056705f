-- Figures per doctor and local day of what is over, so that a year of them is read and not counted. All of it is derived: a day that is
-- missing here, or that a mark touches, is counted from the records.

create table figure_days (
  starts_at timestamptz not null,
  ends_at   timestamptz not null,
  primary key (starts_at, ends_at),
  constraint figure_days_range check (starts_at < ends_at)
);
comment on table figure_days is 'days of which the figures of all doctors are kept, by their instants: in another zone they are other days';
grant select, insert, delete on figure_days to openward_app;

create table doctor_day_figures (
  starts_at                      timestamptz not null,
  ends_at                        timestamptz not null,
  doctor_id                      uuid not null references doctors on delete cascade,
  department_id                  uuid,
  specialization                 text not null,
  available_minutes              integer not null,
  booked_minutes                 integer not null,
  outside_minutes                integer not null,
  completed_minutes              integer not null,
  appointments                   integer not null,
  booked                         integer not null,
  confirmed                      integer not null,
  checked_in                     integer not null,
  in_progress                    integer not null,
  completed                      integer not null,
  cancelled                      integer not null,
  no_show                        integer not null,
  lead_minutes                   bigint not null,
  new_patient_appointments       integer not null,
  returning_patient_appointments integer not null,
  primary key (starts_at, ends_at, doctor_id),
  constraint doctor_day_figures_day foreign key (starts_at, ends_at) references figure_days on delete cascade
);
comment on table doctor_day_figures is 'of the doctors of whom there is anything to count on that day';
comment on column doctor_day_figures.department_id is 'at the end of the day, as the specialization';
create index doctor_day_figures_doctor on doctor_day_figures (doctor_id, starts_at);
grant select, insert, delete on doctor_day_figures to openward_app;

-- What has changed in a past that may have been counted already. Written in the transaction that changes it, never waited for, and removed
-- by whoever counts anew in the same snapshot: what commits later leaves its own mark.
create table figure_marks (
  id         bigint generated always as identity primary key,
  doctor_id  uuid not null,
  patient_id uuid,
  starts_at  timestamptz not null,
  ends_at    timestamptz
);
comment on column figure_marks.patient_id is 'of whom every appointment from starts_at on may have become the first, or another than the first';
comment on column figure_marks.ends_at is 'null: the day of starts_at; else every day that this time touches';
grant select, delete on figure_marks to openward_app;
alter table figure_marks enable row level security;
create policy reach on figure_marks to openward_app using ((select openward.setting('reach')) = 'all');

-- A change that is made before midnight may commit when the day has been counted, and a clock may be put back: the day ahead is marked
-- too. Bookings for later, nearly all of them, write no mark.
create function openward.mark_appointment() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_was boolean := tg_op <> 'INSERT' and old.status not in ('cancelled', 'no_show', 'held');
  v_is boolean := tg_op <> 'DELETE' and new.status not in ('cancelled', 'no_show', 'held');
  v_others boolean := v_was <> v_is;
begin
  if v_was and v_is then v_others := (old.patient_id, old.starts_at) is distinct from (new.patient_id, new.starts_at); end if;
  if tg_op <> 'INSERT' and old.status <> 'held' then
    insert into figure_marks (doctor_id, patient_id, starts_at)
    values (old.doctor_id, case when v_others then old.patient_id end, old.starts_at);
    if tg_op = 'UPDATE' and (old.doctor_id, old.patient_id, old.starts_at) is not distinct from (new.doctor_id, new.patient_id, new.starts_at) then
      return null;
    end if;
  end if;
  if tg_op <> 'DELETE' and new.status <> 'held' then
    insert into figure_marks (doctor_id, patient_id, starts_at)
    values (new.doctor_id, case when v_others then new.patient_id end, new.starts_at);
  end if;
  return null;
end $$;
create trigger figures_by_booking after insert on appointments for each row
  when (new.status <> 'held' and new.starts_at < clock_timestamp() + interval '1 day')
  execute function openward.mark_appointment();
create trigger figures_by_change after update on appointments for each row
  when (least(old.starts_at, new.starts_at) < clock_timestamp() + interval '1 day' and not (old.status = 'held' and new.status = 'held')
        and (old.status, old.doctor_id, old.patient_id, old.starts_at, old.ends_at, old.created_at)
            is distinct from (new.status, new.doctor_id, new.patient_id, new.starts_at, new.ends_at, new.created_at))
  execute function openward.mark_appointment();
create trigger figures_by_deletion after delete on appointments for each row
  when (old.status <> 'held' and old.starts_at < clock_timestamp() + interval '1 day')
  execute function openward.mark_appointment();

-- The first state of a doctor counts for appointments before it as well.
create function openward.mark_doctor_state() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_doctor uuid := case tg_op when 'DELETE' then old.doctor_id else new.doctor_id end;
  v_from timestamptz := least(case when tg_op <> 'INSERT' then old.in_force_from end, case when tg_op <> 'DELETE' then new.in_force_from end);
begin
  if not exists (select from doctor_states s where s.doctor_id = v_doctor and s.in_force_from < v_from) then
    v_from := least(v_from, (select min(a.starts_at) from appointments a where a.doctor_id = v_doctor));
  end if;
  insert into figure_marks (doctor_id, starts_at, ends_at) values (v_doctor, v_from, 'infinity');
  return null;
end $$;
create trigger figures_by_state after insert or update or delete on doctor_states for each row execute function openward.mark_doctor_state();

-- A slot of the day before may reach into it.
create function openward.mark_time_off() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if tg_op <> 'INSERT' then
    insert into figure_marks (doctor_id, starts_at, ends_at) values (old.doctor_id, old.starts_at - interval '1 day', old.ends_at);
  end if;
  if tg_op <> 'DELETE' then
    insert into figure_marks (doctor_id, starts_at, ends_at) values (new.doctor_id, new.starts_at - interval '1 day', new.ends_at);
  end if;
  return null;
end $$;
create trigger figures_by_time_off after insert or update or delete on time_off for each row execute function openward.mark_time_off();

revoke all on function openward.mark_appointment, openward.mark_doctor_state, openward.mark_time_off from public;
