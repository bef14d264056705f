-- The ward in which a resource stood at a moment, by two looks into the index: a bed has two states for each stay of some years, and all of
-- them were sorted for each stay that is counted.
create or replace function openward.ward_of_resource(p_resource uuid, p_at timestamptz) returns text
language sql stable parallel safe set search_path = public, pg_temp as $$
  select ward from (
    (select ward, 1 as choice from resource_states where resource_id = p_resource and in_force_from <= p_at
      order by in_force_from desc limit 1)
    union all
    (select ward, 2 from resource_states where resource_id = p_resource and in_force_from > p_at
      order by in_force_from limit 1)) as states
  order by choice limit 1
$$;
