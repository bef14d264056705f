-- The use of beds and rooms per local day of what is over, as 0048 has the figures of doctors. All of it is derived: a day that is missing
-- here, or that a mark touches, is counted from the records.

create table usage_days (
  starts_at timestamptz not null,
  ends_at   timestamptz not null,
  primary key (starts_at, ends_at),
  constraint usage_days_range check (starts_at < ends_at)
);
comment on table usage_days is 'days of which the use of all resources is kept, by their instants: in another zone they are other days';
grant select, insert, delete on usage_days to openward_app;

create table resource_day_figures (
  starts_at          timestamptz not null,
  ends_at            timestamptz not null,
  resource_id        uuid not null references resources on delete cascade,
  ward               text,
  department_id      uuid,
  available_minutes  integer not null,
  assigned_minutes   integer not null,
  departures         integer not null,
  ended_stay_minutes bigint not null,
  constraint resource_day_figures_place unique nulls not distinct (starts_at, ends_at, resource_id, ward, department_id),
  constraint resource_day_figures_day foreign key (starts_at, ends_at) references usage_days on delete cascade
);
comment on table resource_day_figures is 'a resource that is moved within a day has a row for each place';
create index resource_day_figures_resource on resource_day_figures (resource_id);
grant select, insert, delete on resource_day_figures to openward_app;

-- From where on something has changed: every day that ends later is counted anew. Written in the transaction that changes it, never waited
-- for, and removed by whoever counts anew in the same snapshot. What happens now touches no day that is over.
create table usage_marks (
  id        bigint generated always as identity primary key,
  starts_at timestamptz not null
);
grant select, delete on usage_marks to openward_app;

-- Who is moved has not left: where the stay goes on decides of the one before as well.
create function openward.mark_stay() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if tg_op = 'UPDATE' and (old.resource_id, old.assigned_at, old.moved_from_id) is not distinct from (new.resource_id, new.assigned_at, new.moved_from_id) then
    insert into usage_marks (starts_at) values (least(old.released_at, new.released_at));
    return null;
  end if;
  insert into usage_marks (starts_at)
  select least(case when tg_op <> 'INSERT' then old.assigned_at end, case when tg_op <> 'DELETE' then new.assigned_at end,
               (select min(s.released_at) from resource_assignments s
                 where s.id in (case when tg_op <> 'INSERT' then old.moved_from_id end, case when tg_op <> 'DELETE' then new.moved_from_id end)));
  return null;
end $$;
create trigger usage_by_stay after insert or delete on resource_assignments for each row execute function openward.mark_stay();
create trigger usage_by_change after update on resource_assignments for each row
  when ((old.resource_id, old.assigned_at, old.released_at, old.moved_from_id)
        is distinct from (new.resource_id, new.assigned_at, new.released_at, new.moved_from_id))
  execute function openward.mark_stay();

-- The first state of a resource says where it was before, too.
create function openward.mark_resource_state() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_resource uuid := case tg_op when 'DELETE' then old.resource_id else new.resource_id end;
  v_from timestamptz := least(case when tg_op <> 'INSERT' then old.in_force_from end, case when tg_op <> 'DELETE' then new.in_force_from end);
begin
  if not exists (select from resource_states s where s.resource_id = v_resource and s.in_force_from < v_from) then
    v_from := least(v_from, (select min(s.assigned_at) from resource_assignments s where s.resource_id = v_resource));
  end if;
  insert into usage_marks (starts_at) values (v_from);
  return null;
end $$;
create trigger usage_by_state after insert or update or delete on resource_states for each row execute function openward.mark_resource_state();

revoke all on function openward.mark_stay, openward.mark_resource_state from public;
