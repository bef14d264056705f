-- No-shows since a patient last came are read from their newest appointment backwards, as far as that visit: with hundreds of
-- appointments in the past each list of twenty read thousands of rows.
create or replace function openward.consecutive_no_shows(p_patient uuid) returns integer
language sql stable security definer set search_path = public, pg_temp as $$
  select count(*)::integer from appointments
   where patient_id = p_patient and status = 'no_show'
     and starts_at > coalesce((select starts_at from appointments
                                where patient_id = p_patient and status in ('checked_in', 'in_progress', 'completed')
                                order by starts_at desc limit 1), '-infinity')
$$;
