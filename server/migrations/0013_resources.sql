-- Beds, rooms and equipment: who has which, and who will. That two never have one is promised here, and so is every status that
-- follows from it.

create table resources (
  id            uuid primary key default uuidv7(),
  type          text not null check (type in ('bed', 'icu_bed', 'room', 'operating_room', 'ventilator', 'equipment', 'ambulance')),
  name          text not null,
  code          text not null constraint resources_code unique,
  ward          text,
  department_id uuid constraint resources_department references departments,
  location      text,
  state         text not null default 'in_service' check (state in ('in_service', 'cleaning', 'maintenance', 'retired')),
  lanes         integer not null default 1 constraint resources_lanes check (lanes between 1 and 8),
  attributes    jsonb not null default '{}'
                  constraint resources_attributes check (jsonb_typeof(attributes) = 'object' and length(attributes::text) <= 8000),
  retired_at    timestamptz,
  created_by    uuid,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  version       integer not null default 1,
  is_bed        boolean not null generated always as (type in ('bed', 'icu_bed')) stored,
  may_hold      boolean not null generated always as (state in ('in_service', 'cleaning')) stored,
  constraint resources_retired_since check ((state = 'retired') = (retired_at is not null)),
  constraint resources_holding unique (id, is_bed, may_hold)
);
comment on column resources.state is 'what people set; occupied and reserved are told by assignments and reservations alone (resource_board)';
comment on column resources.lanes is 'how many it holds at once: a cot beside the mother''s bed';
comment on column resources.may_hold is 'cleaning: a lane was left, another may still be taken';
create index resources_type_ward on resources (type, ward, code);
grant select, insert on resources to openward_app;
grant update (name, code, ward, department_id, location, state, lanes, attributes, retired_at, updated_at, version) on resources to openward_app;

-- Who has it, from when until when.
create table resource_assignments (
  id                  uuid primary key default uuidv7(),
  resource_id         uuid not null references resources,
  lane                integer not null default 1 check (lane >= 1),
  patient_id          uuid not null constraint resource_assignments_patient references patients,
  is_bed              boolean not null,
  assigned_at         timestamptz not null,
  expected_release_at timestamptz,
  released_at         timestamptz,
  assigned_by         uuid,
  released_by         uuid,
  key_id              uuid references patient_keys,
  sealed_notes        bytea,
  updated_at          timestamptz not null default now(),
  version             integer not null default 1,
  is_held             boolean generated always as (case when released_at is null then true end) stored,

  constraint resource_assignments_released_later check (released_at >= assigned_at),
  constraint resource_assignments_one_holder exclude using gist
    (resource_id with =, lane with =, tstzrange(assigned_at, released_at) with &&),
  -- What is held is neither retired nor in maintenance, from either side. Nothing is asked of what was released.
  constraint resource_assignments_held foreign key (resource_id, is_bed, is_held) references resources (id, is_bed, may_hold)
);
comment on column resource_assignments.expected_release_at is 'a plan: it frees nothing';
create unique index resource_assignments_one_current on resource_assignments (resource_id, lane) where released_at is null;
create unique index resource_assignments_one_bed on resource_assignments (patient_id) where is_bed and released_at is null;
create index resource_assignments_resource on resource_assignments (resource_id, assigned_at, id);
create index resource_assignments_patient_of on resource_assignments (patient_id);
create index resource_assignments_open on resource_assignments (assigned_at, id) where released_at is null;
create index resource_assignments_moment on resource_assignments using gist (tstzrange(assigned_at, released_at));
grant select, insert on resource_assignments to openward_app;
grant update (patient_id, key_id, sealed_notes, expected_release_at, released_at, released_by, updated_at, version)
  on resource_assignments to openward_app;

-- Whoever releases commits before the next holder is asked about, so the clock of this moment is never before theirs, unless it was
-- set back meanwhile.
create function openward.begin_stay() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare v_state text; v_lanes integer;
begin
  select state, lanes, is_bed into v_state, v_lanes, new.is_bed from resources where id = new.resource_id for share;
  if new.released_at is null and v_state <> 'in_service' then
    raise exception 'the resource is not in service' using errcode = 'check_violation', constraint = 'resource_assignments_in_service';
  end if;
  if new.lane > v_lanes then
    raise exception 'the resource has no such lane' using errcode = 'check_violation', constraint = 'resource_assignments_lane';
  end if;
  if new.assigned_at is null then
    new.assigned_at := greatest(clock_timestamp(), (select max(released_at) from resource_assignments
                                                     where resource_id = new.resource_id and lane = new.lane));
  end if;
  return new;
end $$;
create trigger begun before insert on resource_assignments for each row execute function openward.begin_stay();

create function openward.refuse_reopening() returns trigger language plpgsql as $$
begin
  raise exception 'what was released stays released' using errcode = 'check_violation', constraint = 'resource_assignments_released_once';
end $$;
create trigger released_once before update of released_at on resource_assignments for each row
  when (old.released_at is not null and new.released_at is distinct from old.released_at) execute function openward.refuse_reopening();

call openward.protect('resource_assignments', 'resource_assignments.patient_id');

-- Who will have it.
create table resource_reservations (
  id             uuid primary key default uuidv7(),
  resource_id    uuid not null constraint resource_reservations_resource references resources,
  lane           integer not null default 1 check (lane >= 1),
  during         tstzrange not null,
  patient_id     uuid constraint resource_reservations_patient references patients,
  appointment_id uuid constraint resource_reservations_appointment references appointments on delete cascade,
  held_until     timestamptz,
  purpose        text,
  key_id         uuid references patient_keys,
  sealed_purpose bytea,
  created_by     uuid,
  created_at     timestamptz not null default now(),
  cancelled_at   timestamptz,
  cancelled_by   uuid,
  constraint resource_reservations_range check (not isempty(during) and lower_inc(during) and not upper_inc(during)
                                                and lower(during) is not null and upper(during) is not null),
  constraint resource_reservations_purpose check (purpose is null or patient_id is null),
  constraint resource_reservations_free exclude using gist (resource_id with =, lane with =, during with &&)
    where (cancelled_at is null)
);
comment on column resource_reservations.held_until is 'with a time that is held only while a form is filled: it ends by itself, whether the row is still there or not';
comment on column resource_reservations.purpose is 'of what is about nobody; what is about a person is sealed';
create index resource_reservations_resource_start on resource_reservations (resource_id, lower(during), id);
create index resource_reservations_patient_of on resource_reservations (patient_id) where patient_id is not null;
create index resource_reservations_appointment_of on resource_reservations (appointment_id) where appointment_id is not null;
create index resource_reservations_moment on resource_reservations using gist (during) where cancelled_at is null;
grant select, insert on resource_reservations to openward_app;
grant update (patient_id, key_id, sealed_purpose, held_until, cancelled_at, cancelled_by) on resource_reservations to openward_app;

create function openward.begin_reservation() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare v_state text; v_lanes integer;
begin
  select state, lanes into v_state, v_lanes from resources where id = new.resource_id for share;
  if v_state = 'retired' then
    raise exception 'the resource is retired' using errcode = 'check_violation', constraint = 'resource_reservations_not_retired';
  end if;
  if new.lane > v_lanes then
    raise exception 'the resource has no such lane' using errcode = 'check_violation', constraint = 'resource_reservations_lane';
  end if;
  return new;
end $$;
create trigger begun before insert on resource_reservations for each row execute function openward.begin_reservation();

alter table resource_reservations enable row level security;
create policy reach on resource_reservations to openward_app using (
  patient_id is null or (select openward.setting('reach')) = 'all'
  or openward.may_reach(patient_id, (select openward.setting('reach'))));

-- A lane that is used, or will be, is not taken away; nor is a resource that will be.
create function openward.keep_promised() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if new.lanes < old.lanes
     and (exists (select from resource_assignments where resource_id = new.id and lane > new.lanes and released_at is null)
          or exists (select from resource_reservations
                      where resource_id = new.id and lane > new.lanes and cancelled_at is null and upper(during) > now()
                        and (held_until is null or held_until > now()))) then
    raise exception 'a lane is in use' using errcode = 'check_violation', constraint = 'resources_lanes_in_use';
  end if;
  if new.state = 'retired' and old.state <> 'retired'
     and exists (select from resource_reservations where resource_id = new.id and cancelled_at is null and upper(during) > now()
                  and (held_until is null or held_until > now())) then
    raise exception 'the resource is reserved' using errcode = 'check_violation', constraint = 'resources_reserved';
  end if;
  return new;
end $$;
create trigger promised before update of lanes, state on resources for each row execute function openward.keep_promised();

-- What an appointment reserved goes along with it, so that no path forgets it: moved with its time, given back when it is cancelled or
-- missed, kept when a held time is booked. Raises resource_reservations_free where the new time cannot be had, or the hold on a
-- resource had ended and somebody else has taken it since. A merge moves the reservations of a patient by itself.
create function openward.keep_reservations() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if new.status in ('cancelled', 'no_show') then
    update resource_reservations set cancelled_at = now() where appointment_id = new.id and cancelled_at is null;
    return null;
  end if;
  if old.status = 'held' and new.status <> 'held' then
    if exists (select from resource_reservations where appointment_id = new.id and held_until is not null and cancelled_at is not null) then
      raise exception 'a resource is taken' using errcode = 'exclusion_violation', constraint = 'resource_reservations_free';
    end if;
    update resource_reservations set held_until = null, patient_id = coalesce(patient_id, new.patient_id)
     where appointment_id = new.id and cancelled_at is null;
  end if;
  if new.during <> old.during then
    update resource_reservations set during = new.during where appointment_id = new.id and cancelled_at is null;
  end if;
  return null;
end $$;
create trigger reservations_kept after update of status, during on appointments for each row
  when (old.status <> new.status or old.during <> new.during) execute function openward.keep_reservations();

-- Takes all of these resources for one time, each in its first free lane, or raises resource_reservations_free. In the order of
-- their ids, so that two who take several wait and never deadlock. The owner's, since booking is what brings the patient into reach.
create function openward.reserve_resources(p_resources uuid[], p_from timestamptz, p_to timestamptz,
                                           p_patient uuid, p_appointment uuid, p_by uuid,
                                           p_held_until timestamptz default null) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_wanted uuid[] := array(select distinct id from unnest(p_resources) as id order by id);
  v_taken  uuid;
  v_resource record;
begin
  for v_resource in select id, lanes from resources where id = any (v_wanted) and state <> 'retired' order by id for share loop
    v_taken := null;
    update resource_reservations set cancelled_at = now()
     where resource_id = v_resource.id and during && tstzrange(p_from, p_to) and cancelled_at is null and held_until <= now();
    for v_lane in 1..v_resource.lanes loop
      insert into resource_reservations (resource_id, lane, during, patient_id, appointment_id, held_until, created_by)
      values (v_resource.id, v_lane, tstzrange(p_from, p_to), p_patient, p_appointment, p_held_until, p_by)
      on conflict do nothing returning id into v_taken;
      exit when v_taken is not null;
    end loop;
    if v_taken is null then
      raise exception 'a resource is taken' using errcode = 'exclusion_violation', constraint = 'resource_reservations_free';
    end if;
    v_wanted := array_remove(v_wanted, v_resource.id);
  end loop;
  if v_wanted <> '{}' then
    raise exception 'there is no such resource' using errcode = 'foreign_key_violation', constraint = 'resource_reservations_resource';
  end if;
  return (select count(distinct id) from unnest(p_resources) as id);
end $$;

-- Facts of everyone's stays and reservations, and nothing of whom: views of the owner's, past row-level security.
create view resource_stays as
  select id, resource_id, lane, assigned_at, expected_release_at, released_at from resource_assignments;
create view resource_bookings as
  select id, resource_id, lane, lower(during) as starts_at, upper(during) as ends_at, during, held_until, created_at, cancelled_at
    from resource_reservations;
grant select on resource_stays, resource_bookings to openward_app;

-- Every resource with its status of this moment.
create view resource_board as
  select r.*, coalesce(taken.stays, 0)::integer as stays,
         (case when r.state = 'in_service' then greatest(r.lanes - coalesce(taken.lanes_taken, 0), 0) else 0 end)::integer as free_lanes,
         case when r.state in ('maintenance', 'retired') then r.state
              when taken.stays > 0 then 'occupied'
              when r.state = 'cleaning' then 'cleaning'
              when taken.lanes_taken > 0 then 'reserved'
              else 'available' end as status
    from resources r
    left join (select resource_id, count(distinct lane) as lanes_taken, count(*) filter (where is_stay) as stays
                 from (select resource_id, lane, true as is_stay from resource_assignments where released_at is null
                       union all
                       select resource_id, lane, false from resource_reservations
                        where cancelled_at is null and during @> now() and (held_until is null or held_until > now())) as both_kinds
                group by resource_id) as taken on taken.resource_id = r.id;
grant select on resource_board to openward_app;

-- When these resources cannot be had, and nothing of for whom: for slots, which are public. One with lanes is taken while all are.
create function openward.resource_taken_ranges(p_resources uuid[], p_from timestamptz, p_to timestamptz)
returns table (resource_id uuid, starts_at timestamptz, ends_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select id, p_from, p_to from resources where id = any (p_resources) and state = 'retired'
  union all
  select taken.id, lower(part), upper(part)
    from (select r.id, range_intersect_agg(per_lane.during) as during
            from resources r
            join (select b.resource_id, b.lane, range_agg(b.during) as during from resource_reservations b
                   where b.resource_id = any (p_resources) and b.cancelled_at is null and b.during && tstzrange(p_from, p_to)
                     and (b.held_until is null or b.held_until > now())
                   group by b.resource_id, b.lane) as per_lane on per_lane.resource_id = r.id
           where r.state <> 'retired' and per_lane.lane <= r.lanes
           group by r.id, r.lanes having count(*) = r.lanes) as taken,
         unnest(taken.during) as part
   order by 2
$$;
revoke all on function openward.reserve_resources, openward.resource_taken_ranges from public;
grant execute on function openward.reserve_resources, openward.resource_taken_ranges to openward_app;
