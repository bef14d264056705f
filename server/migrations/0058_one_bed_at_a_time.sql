-- The clock was read for a new stay before resource_assignments_one_bed waited for the release of the one before, which read it later:
-- whoever was given a bed in that moment was recorded in two for some milliseconds. The owner's now, so that no stay that row-level
-- security hides is overlooked.
create or replace function openward.begin_stay() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
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
    -- Before what has ended only where the clock was set back.
    new.assigned_at := greatest(clock_timestamp(),
      (select max(released_at) from resource_assignments where resource_id = new.resource_id and lane = new.lane),
      (select max(released_at) from resource_assignments where patient_id = new.patient_id and is_bed and new.is_bed));
  end if;
  return new;
end $$;

-- Asked when the stay is the person's only open one, so that no other can begin or end beside it. No exclusion constraint promises
-- this: two records of one person may have had two beds, and are merged nevertheless.
create function openward.keep_one_bed_at_a_time() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if exists (select from resource_assignments where patient_id = new.patient_id and is_bed and released_at > new.assigned_at) then
    raise exception 'the bed before was left only after this one was given'
      using errcode = 'serialization_failure', hint = 'Assign it again';
  end if;
  return null;
end $$;
create trigger one_bed_at_a_time after insert on resource_assignments for each row
  when (new.is_bed and new.released_at is null) execute function openward.keep_one_bed_at_a_time();
