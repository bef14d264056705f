-- The chart: allergies, conditions and clinical notes. What they say is sealed, codes and severities included: a diagnosis in the
-- clear would be found by whoever has a copy of the file.

create table allergies (
  id           uuid primary key default uuidv7(),
  patient_id   uuid not null constraint allergies_patient references patients,
  key_id       uuid not null references patient_keys,
  sealed_entry bytea not null,
  created_by   uuid,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  removed_at   timestamptz,
  version      integer not null default 1
);
comment on column allergies.removed_at is 'entered in error: listed no more, and kept';
create index allergies_of_patient on allergies (patient_id, created_at desc, id desc);
grant select, insert, update on allergies to openward_app;

create table conditions (
  id           uuid primary key default uuidv7(),
  patient_id   uuid not null constraint conditions_patient references patients,
  key_id       uuid not null references patient_keys,
  sealed_entry bytea not null,
  created_by   uuid,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  removed_at   timestamptz,
  version      integer not null default 1
);
comment on column conditions.removed_at is 'entered in error: listed no more, and kept';
create index conditions_of_patient on conditions (patient_id, created_at desc, id desc);
grant select, insert, update on conditions to openward_app;

call openward.protect('allergies', 'allergies.patient_id');
call openward.protect('conditions', 'conditions.patient_id');

-- Whether a row that is not to change is only sealed anew: with the key that took the place of its own, or, when a merge is undone,
-- with one of the patient whose row it is again.
create function openward.is_sealed_anew(p_old_key uuid, p_new_key uuid, p_patient uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from patient_keys old join patient_keys new on new.id = p_new_key
                  where old.id = p_old_key and new.patient_id = p_patient and new.wrapped is not null
                    and (old.replaced_by = new.id or old.patient_id <> p_patient))
$$;

-- What is signed stays as it was signed, whoever asks; also the owner of the database. The patient changes with a merge, the seal
-- with a rotation of keys. Arguments: what else may change, being about the row and not in what was signed.
create function openward.keep_what_is_signed() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare v_free text[] := array['patient_id'] || coalesce(tg_argv[0:], '{}');
begin
  if tg_op = 'UPDATE' then
    if new.key_id <> old.key_id and openward.is_sealed_anew(old.key_id, new.key_id, new.patient_id) then
      v_free := v_free || 'key_id'::text || array(select name from jsonb_object_keys(to_jsonb(new)) as name where name like 'sealed\_%');
    end if;
    if to_jsonb(old) - v_free = to_jsonb(new) - v_free then return new; end if;
  end if;
  raise exception 'what is signed is never changed' using errcode = 'OW423', table = tg_table_name;
end $$;

-- Reading the chart, which the desk does not; and writing it where the record is in reach, as opening it is.
update roles set permissions = array_remove(permissions, 'chart:write')
                 || array['chart:read:department', 'chart:read:own', 'chart:write:department', 'chart:write:own'], version = version + 1
 where name = 'doctor';
update roles set permissions = array_remove(permissions, 'chart:write') || array['chart:read:department', 'chart:write:department'],
                 version = version + 1
 where name = 'nurse';
update roles set permissions = permissions || array['chart:read:own'], version = version + 1 where name = 'patient';
