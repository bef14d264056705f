-- A calendar that somebody subscribes to follows the rights of its owner at every look, those of their role included, and tells no
-- more than is shown.
drop function openward.calendar_feed_entries, openward.find_calendar_feed;

-- Whose calendar a link opens, as the rights of that person are now; no row where it opens none.
create function openward.find_calendar_feed(p_token_hash bytea)
returns table (feed_id uuid, user_id uuid, patient_id uuid, doctor_id uuid, language text)
language sql stable security definer set search_path = public, pg_temp as $$
  select f.id, f.user_id, owned.patient_id, owned.doctor_id,
         (select p.preferred_language from patients p where p.id = owned.patient_id)
    from calendar_feeds f
    join users u on u.id = f.user_id
    join roles r on r.name = u.role
    join openward.rights_of(f.user_id) rights on rights.is_user_active
   cross join lateral (select case f.shows when 'own_appointments' then rights.patient_id end as patient_id,
                              case f.shows when 'own_calendar' then rights.doctor_id end as doctor_id) as owned
   where f.token_hash = p_token_hash and f.revoked_at is null and coalesce(owned.patient_id, owned.doctor_id) is not null
     and exists (select from unnest(r.permissions) as held(permission)
                  where held.permission in ('appointments:read', 'appointments:read:department', 'appointments:read:own')
                    and not exists (select from permission_denials d
                                     where d.user_id = f.user_id and d.permission = 'appointments:read'))
$$;

-- What a calendar shows: when, and nothing of why, with whom or of the patient. Patients look back a year, doctors two weeks.
create function openward.calendar_feed_entries(p_token_hash bytea)
returns table (id uuid, confirmation_code text, starts_at timestamptz, ends_at timestamptz, status text, version integer,
               updated_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select a.id, a.confirmation_code, lower(a.during), upper(a.during), a.status, a.version, a.updated_at
    from openward.find_calendar_feed(p_token_hash) f
    join appointments a on a.patient_id = f.patient_id or a.doctor_id = f.doctor_id
   where a.status <> 'held'
     and lower(a.during) >= now() - case when f.doctor_id is null then interval '1 year' else interval '14 days' end
   order by lower(a.during), a.id
   limit 5000
$$;

revoke all on function openward.find_calendar_feed, openward.calendar_feed_entries from public;
grant execute on function openward.find_calendar_feed, openward.calendar_feed_entries to openward_app;
