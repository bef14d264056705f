-- Who reaches which patient. `openward.enter` sets the scope of a transaction; every table with a patient in it asks it.

-- Why a department or a doctor reaches a patient.
create table care_relationships (
  id            uuid primary key default uuidv7(),
  patient_id    uuid not null,
  department_id uuid references departments,
  doctor_id     uuid,
  origin        text not null check (origin in ('registration', 'appointment', 'visit')),
  origin_id     uuid not null,
  created_at    timestamptz not null default now(),
  constraint care_relationships_of_someone check (department_id is not null or doctor_id is not null),
  constraint care_relationships_once unique nulls not distinct (patient_id, department_id, doctor_id, origin, origin_id)
);
create index care_relationships_department on care_relationships (department_id, patient_id) where department_id is not null;
create index care_relationships_doctor on care_relationships (doctor_id, patient_id) where doctor_id is not null;
create index care_relationships_patient on care_relationships (patient_id);
grant select, insert, delete on care_relationships to openward_app;
grant update (patient_id) on care_relationships to openward_app;

-- Break-glass: one person, one patient, one hour.
create table emergency_accesses (
  id          uuid primary key default uuidv7(),
  patient_id  uuid not null,
  user_id     uuid not null references users,
  key_id      uuid not null,
  sealed_reason bytea not null,
  created_at  timestamptz not null default now(),
  expires_at  timestamptz not null,
  reviewed_at timestamptz,
  reviewed_by uuid references users,
  review_verdict text check (review_verdict in ('justified', 'not_justified'))
);
create index emergency_accesses_open on emergency_accesses (user_id, patient_id, expires_at);
grant select, insert on emergency_accesses to openward_app;
grant update (patient_id, key_id, sealed_reason, reviewed_at, reviewed_by, review_verdict) on emergency_accesses to openward_app;

-- A right withdrawn from one user, stronger than any role.
create table permission_denials (
  user_id    uuid not null references users,
  permission text not null,
  created_at timestamptz not null default now(),
  created_by uuid,
  primary key (user_id, permission)
);
grant select, insert, delete on permission_denials to openward_app;

-- Sign-off of who can see what.
create table access_reviews (
  id          uuid primary key default uuidv7(),
  user_id     uuid not null references users,
  reviewed_by uuid not null references users,
  verdict     text not null check (verdict in ('keep', 'change')),
  created_at  timestamptz not null default now(),
  constraint access_reviews_not_own check (user_id <> reviewed_by)
);
grant select, insert on access_reviews to openward_app;

-- What a user may do now, as sessions keep it.
create function openward.rights_of(p_user uuid)
returns table (is_user_active boolean, authority text, department_id uuid, doctor_id uuid, patient_id uuid)
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query select users.is_active, users.authority_version || '.' || roles.version, users.department_id, doctors.id, patients_of_users.patient_id
    from users join roles on roles.name = users.role
    left join doctors on doctors.user_id = users.id
    left join patients_of_users on patients_of_users.user_id = users.id
   where users.id = p_user;
end $$;

create function openward.begin_session() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  -- A change of rights that is on its way does not see this session yet: it is waited for, and one that comes later waits for us.
  perform from users join roles on roles.name = users.role where users.id = new.user_id for share;
  select r.is_user_active, r.authority, r.department_id, r.doctor_id, r.patient_id
    into strict new.is_user_active, new.authority, new.department_id, new.doctor_id, new.patient_id
    from openward.rights_of(new.user_id) as r;
  return new;
end $$;
create trigger begun before insert on sessions for each row execute function openward.begin_session();

-- Whatever changes what somebody may do changes it in their sessions, in the same transaction.
create function openward.spread_rights(p_users uuid[]) returns void language sql security definer set search_path = public, pg_temp as $$
  update sessions
     set (is_user_active, authority, department_id, doctor_id, patient_id) = (select * from openward.rights_of(sessions.user_id))
   where user_id = any (p_users) and revoked_at is null
$$;
revoke all on function openward.rights_of, openward.spread_rights from public;

create function openward.user_rights_changed() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform openward.spread_rights(array[new.id]);
  return null;
end $$;
create trigger rights_changed after update of role, department_id, is_active, authority_version on users
  for each row execute function openward.user_rights_changed();

create function openward.role_rights_changed() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform openward.spread_rights(array(select id from users where role = new.name));
  return null;
end $$;
create trigger rights_changed after update of version on roles for each row execute function openward.role_rights_changed();

-- For tables that tie a user to a doctor or a patient.
create function openward.linked_rights_changed() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if tg_op <> 'INSERT' then perform openward.spread_rights(array[old.user_id]); end if;
  if tg_op <> 'DELETE' then perform openward.spread_rights(array[new.user_id]); end if;
  return null;
end $$;

-- The scope of the transaction for a signed-in person. Raises OW401 when the session has ended, OW409 when the caller's
-- picture of this person's rights is out of date. `p_reach` is all, find, or any of own, department and glass, comma-separated.
create function openward.enter(p_session uuid, p_authority text, p_reach text, p_active boolean) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare s sessions;
begin
  select * into s from sessions where id = p_session;
  if not found or s.revoked_at is not null or not s.is_user_active
     or s.expires_at <= clock_timestamp() or s.last_used_at + s.idle_limit <= clock_timestamp() then
    raise exception 'session ended' using errcode = 'OW401';
  end if;
  if s.authority <> p_authority then
    raise exception 'rights changed' using errcode = 'OW409';
  end if;
  perform set_config('openward.user_id', s.user_id::text, true),
          set_config('openward.department_id', coalesce(s.department_id::text, ''), true),
          set_config('openward.doctor_id', coalesce(s.doctor_id::text, ''), true),
          set_config('openward.patient_id', coalesce(s.patient_id::text, ''), true),
          set_config('openward.reach', p_reach, true);
  -- Kept no finer than a tenth of the limit, and never waited for: a busy session would otherwise queue on its own row.
  if p_active and s.last_used_at + least(s.idle_limit / 10, interval '1 minute') < clock_timestamp() then
    update sessions set last_used_at = clock_timestamp()
     where id in (select id from sessions where id = p_session for update skip locked);
  end if;
end $$;
revoke all on function openward.enter from public;
grant execute on function openward.enter to openward_app;

-- The system's own work (jobs, sign-in, the name index): everything, or nothing but what is public.
create function openward.enter_as(p_reach text) returns void language sql as
  $$ select set_config('openward.reach', p_reach, true), set_config('openward.user_id', '', true),
            set_config('openward.department_id', '', true), set_config('openward.doctor_id', '', true),
            set_config('openward.patient_id', '', true) $$;

-- The rule: whether the actor of this transaction reaches a patient in a reach. In PL/pgSQL, so that a row costs the look-up that
-- its reach needs and no other: as one expression in each policy, every statement would set up all of them, and might hash a
-- whole department to read one patient.
create function openward.may_reach(p_patient uuid, p_reach text) returns boolean language plpgsql stable parallel safe as $$
begin
  if p_reach = 'all' then return true; end if;
  if p_reach is null or p_reach in ('none', 'find') then return false; end if;
  if p_reach like '%own%' then
    if p_patient = openward.setting('patient_id')::uuid then return true; end if;
    perform from care_relationships c where c.patient_id = p_patient and c.doctor_id = openward.setting('doctor_id')::uuid limit 1;
    if found then return true; end if;
  end if;
  if p_reach like '%department%' then
    perform from care_relationships c where c.patient_id = p_patient and c.department_id = openward.setting('department_id')::uuid limit 1;
    if found then return true; end if;
  end if;
  if p_reach like '%glass%' then
    perform from emergency_accesses e
      where e.patient_id = p_patient and e.user_id = openward.setting('user_id')::uuid and e.expires_at > now() limit 1;
    return found;
  end if;
  return false;
end $$;

-- Puts row-level security on a table with a patient in it. The reach of everyone is asked once a statement, any other once a row.
create procedure openward.protect(p_table regclass, p_patient text, p_find boolean default false) language plpgsql as $$
begin
  execute format('alter table %s enable row level security', p_table);
  execute format($policy$create policy reach on %1$s to openward_app using (
                   (select openward.setting('reach')) in ('all', %3$L)
                     or openward.may_reach(%2$s, (select openward.setting('reach'))))$policy$,
                 p_table, p_patient, case when p_find then 'find' else 'all' end);
end $$;

-- The table of roles as shipped. An administrator may add roles, and may not grant what they lack.
insert into roles (name, permissions, mfa, is_builtin) values
('admin', array[
  'users:create', 'users:read', 'users:update', 'users:delete', 'departments:write', 'roles:read', 'roles:write',
  'patients:create', 'patients:find', 'patients:read', 'patients:update', 'patients:delete', 'patients:merge',
  'patients:identifiers', 'patients:import', 'patients:export', 'patients:erase',
  'doctors:create', 'doctors:update', 'schedules:write',
  'appointments:create', 'appointments:read', 'appointments:update', 'appointments:cancel', 'appointments:overbook',
  'visits:create', 'visits:read', 'visits:update', 'prescriptions:read', 'documents:write', 'documents:read',
  'resources:write', 'resources:assign', 'analytics:read', 'reports:read',
  'audit:read', 'audit:verify', 'access:explain', 'access:review', 'emergency-access:review', 'operation:read', 'operation:write'], 'default', true),
('doctor', array[
  'patients:create', 'patients:find', 'patients:read:department', 'patients:read:own',
  'patients:update:department', 'patients:update:own', 'emergency-access:use',
  'doctors:create:own', 'doctors:update:own', 'schedules:write:own',
  'appointments:create:own', 'appointments:read:own', 'appointments:update:own', 'appointments:cancel:own',
  'visits:create:department', 'visits:create:own', 'visits:read:department', 'visits:read:own', 'visits:update:department', 'visits:update:own',
  'nursing-assessments:write', 'radiology-assessments:write', 'assessments:read:department', 'assessments:read:own',
  'prescriptions:write:own', 'prescriptions:read:department', 'prescriptions:read:own', 'chart:write',
  'documents:write:department', 'documents:write:own', 'documents:read:department', 'documents:read:own',
  'resources:assign', 'analytics:read:own', 'reports:read:own'], 'default', true),
('nurse', array[
  'patients:create', 'patients:find', 'patients:read:department', 'patients:update:department', 'emergency-access:use',
  'appointments:create:department', 'appointments:read:department', 'appointments:update:department', 'appointments:cancel:department',
  'visits:create:department', 'visits:read:department', 'visits:update:department',
  'nursing-assessments:write', 'assessments:read:department', 'prescriptions:read:department', 'chart:write',
  'documents:write:department', 'documents:read:department', 'resources:assign'], 'default', true),
('staff', array[
  'patients:create', 'patients:find', 'patients:read', 'patients:update', 'patients:import', 'schedules:write:department',
  'appointments:create', 'appointments:read', 'appointments:update', 'appointments:cancel',
  'visits:create', 'visits:status', 'documents:write', 'resources:write', 'resources:assign'], 'default', true),
('patient', array[
  'patients:read:own', 'patients:update:own', 'patients:identifiers:own', 'patients:export:own',
  'appointments:create:own', 'appointments:read:own', 'appointments:update:own', 'appointments:cancel:own',
  'visits:read:own', 'assessments:read:own', 'prescriptions:read:own', 'documents:write:own', 'documents:read:own',
  'audit:read:own'], 'default', true),
('auditor', array['audit:read', 'audit:verify'], 'default', true);
