-- Patients: sealed under keys of their own, found by tokens of unique values, never by a trace of a name.

create table patients (
  id                 uuid primary key default uuidv7(),
  patient_number     text not null constraint patients_number unique,
  key_id             uuid not null,
  sealed_card        bytea not null,
  sealed_contact     bytea not null,
  sealed_identifiers bytea,
  gender             text not null check (gender in ('MALE', 'FEMALE', 'OTHER', 'UNKNOWN')),
  blood_type         text check (blood_type in ('A+', 'A-', 'B+', 'B-', 'AB+', 'AB-', 'O+', 'O-')),
  marital_status     text,
  occupation         text,
  preferred_language text,
  photo_document_id  uuid,
  is_complete        boolean not null,
  is_active          boolean not null default true,
  legal_hold         boolean not null default false,
  merged_into        uuid references patients,
  erased_at          timestamptz,
  registered_date    date not null,
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now(),
  created_by         uuid,
  version            integer not null default 1
);
comment on column patients.sealed_card is 'names, birth date, masked identifiers: what finding somebody shows';
comment on column patients.sealed_contact is 'phones, e-mail, address';
comment on column patients.sealed_identifiers is 'ssn and national_id in full: opened only with patients:identifiers';
create index patients_created on patients (created_at desc, id desc);
-- What the list shows, in its order, whatever the statistics say; and the few that it leaves out.
create index patients_listed on patients (is_active, id) where merged_into is null and erased_at is null;
create index patients_unlisted on patients (id) where not is_active or merged_into is not null or erased_at is not null;
grant select, insert, update on patients to openward_app;

-- Erasure destroys `wrapped`; without it nothing sealed for this person can be read again.
create table patient_keys (
  id         uuid primary key,
  patient_id uuid not null references patients deferrable initially deferred,
  kek_id     text not null,
  wrapped    bytea,
  created_at timestamptz not null default now()
);
create index patient_keys_patient on patient_keys (patient_id);
create index patient_keys_kek on patient_keys (kek_id, id);
alter table patients add constraint patients_key foreign key (key_id) references patient_keys deferrable initially deferred;
grant select, insert, update on patient_keys to openward_app;

-- Only values that are unique or nearly so may leave a token at rest (docs/threat-model.md).
create table patient_tokens (
  patient_id  uuid not null references patients,
  kind        text not null constraint patient_tokens_allowed_kind
                check (kind in ('ssn', 'national_id', 'phone', 'email', 'name_birth_date')),
  key_version integer not null,
  token       bytea not null,
  constraint patient_tokens_once primary key (kind, key_version, token, patient_id)
);
create unique index patient_tokens_unique_identifier on patient_tokens (kind, key_version, token)
  where kind in ('ssn', 'national_id');
create index patient_tokens_patient on patient_tokens (patient_id);
grant select, insert, update, delete on patient_tokens to openward_app;

-- The account of a person who is a patient here.
create table patients_of_users (
  user_id    uuid primary key references users,
  patient_id uuid not null constraint patients_of_users_one_account unique references patients,
  created_at timestamptz not null default now()
);
grant select, insert, update, delete on patients_of_users to openward_app;
create trigger rights_changed after insert or update or delete on patients_of_users
  for each row execute function openward.linked_rights_changed();

create table emergency_contacts (
  id             uuid primary key default uuidv7(),
  patient_id     uuid not null references patients,
  key_id         uuid not null references patient_keys,
  sealed_contact bytea not null,
  relationship   text not null,
  is_primary     boolean not null default false,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  version        integer not null default 1
);
create index emergency_contacts_patient on emergency_contacts (patient_id);
create unique index emergency_contacts_one_primary on emergency_contacts (patient_id) where is_primary;
grant select, insert, update, delete on emergency_contacts to openward_app;

create table insurances (
  id                   uuid primary key default uuidv7(),
  patient_id           uuid not null references patients,
  key_id               uuid not null references patient_keys,
  sealed_policy        bytea not null,
  provider_name        text not null,
  relationship_to_patient text,
  coverage_start_date  date not null,
  coverage_end_date    date,
  copay_amount         numeric(14, 2),
  coverage_percentage  numeric(5, 2) check (coverage_percentage between 0 and 100),
  max_coverage         numeric(14, 2),
  currency             char(3) not null,
  is_active            boolean not null default true,
  verification_status  text not null default 'PENDING'
                         check (verification_status in ('PENDING', 'VERIFIED', 'REJECTED', 'EXPIRED')),
  created_at           timestamptz not null default now(),
  updated_at           timestamptz not null default now(),
  version              integer not null default 1,
  constraint insurances_end_after_start check (coverage_end_date is null or coverage_end_date >= coverage_start_date)
);
comment on column insurances.sealed_policy is 'policy number, group number, policy holder';
create index insurances_patient on insurances (patient_id);
grant select, insert, update, delete on insurances to openward_app;

create table insurance_tokens (
  insurance_id uuid not null references insurances on delete cascade,
  patient_id   uuid not null references patients,
  key_version  integer not null,
  token        bytea not null,
  constraint insurance_tokens_unique_policy primary key (key_version, token)
);
create index insurance_tokens_insurance on insurance_tokens (insurance_id);
create index insurance_tokens_patient on insurance_tokens (patient_id);
grant select, insert, update, delete on insurance_tokens to openward_app;

-- What a merge moved, so that it can be moved back.
create table patient_merges (
  id           uuid primary key default uuidv7(),
  survivor_id  uuid not null references patients,
  merged_id    uuid not null references patients,
  journal      jsonb not null,
  merged_at    timestamptz not null default now(),
  merged_by    uuid not null references users,
  unmerged_at  timestamptz,
  unmerged_by  uuid references users,
  constraint patient_merges_of_two check (survivor_id <> merged_id)
);
comment on column patient_merges.journal is 'per table the ids of the rows that were moved or changed; no values';
create index patient_merges_survivor on patient_merges (survivor_id);
create index patient_merges_merged on patient_merges (merged_id);
grant select, insert, update on patient_merges to openward_app;

-- The record with all that are part of it.
create function openward.records_of(p_patient uuid) returns uuid[] language sql stable parallel safe as $$
  with recursive part as (
    select p_patient as id
    union select m.merged_id from part join patient_merges m on m.survivor_id = part.id and m.unmerged_at is null)
  select array_agg(id) from part
$$;

-- The record that this one is part of: itself, unless it was merged.
create function openward.whole_record(p_patient uuid) returns uuid
language sql stable parallel safe security definer set search_path = public, pg_temp as $$
  with recursive whole as (
    select id, merged_into from patients where id = p_patient
    union select p.id, p.merged_into from whole join patients p on p.id = whole.merged_into)
  select id from whole where merged_into is null
$$;

-- An import from the command line has no `created_by`.
create table patient_imports (
  id            uuid primary key default uuidv7(),
  created_by    uuid references users,
  created_at    timestamptz not null default now(),
  finished_at   timestamptz,
  dry_run       boolean not null,
  status        text not null check (status in ('running', 'finished', 'failed')),
  failure       text,
  rows_total    integer not null default 0,
  rows_accepted integer not null default 0,
  rows_refused  integer not null default 0,
  rows_known    integer not null default 0
);
create index patient_imports_running on patient_imports (id) where status = 'running';
grant select, insert, update on patient_imports to openward_app;

-- What an import says of the rows of its file: where and why, never the value.
create table patient_import_findings (
  import_id uuid not null references patient_imports on delete cascade,
  line      integer not null,
  position  integer not null,
  field     text,
  code      text not null,
  reason    text not null,
  refused   boolean not null,
  primary key (import_id, line, position)
);
grant select, insert on patient_import_findings to openward_app;

-- Makes an import safe to run again: one row of a source becomes one patient.
create table patient_import_rows (
  source_hash bytea primary key,
  patient_id  uuid not null references patients,
  created_at  timestamptz not null default now()
);
create index patient_import_rows_patient on patient_import_rows (patient_id);
grant select, insert, update, delete on patient_import_rows to openward_app;

-- How many patients a list shows, kept so that a page does not count a million rows. Each database connection writes a row of
-- its own (by process id), so that nobody waits for another.
create table patient_counts (
  slot     integer primary key,
  active   bigint not null default 0,
  inactive bigint not null default 0
) with (fillfactor = 50);
grant select on patient_counts to openward_app;

create function openward.count_patients() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_active integer := 0;
  v_inactive integer := 0;
begin
  if tg_op <> 'INSERT' and old.merged_into is null and old.erased_at is null then
    if old.is_active then v_active := -1; else v_inactive := -1; end if;
  end if;
  if tg_op <> 'DELETE' and new.merged_into is null and new.erased_at is null then
    if new.is_active then v_active := v_active + 1; else v_inactive := v_inactive + 1; end if;
  end if;
  insert into patient_counts as c values (pg_backend_pid() % 256, v_active, v_inactive)
  on conflict (slot) do update set active = c.active + excluded.active, inactive = c.inactive + excluded.inactive;
  return null;
end $$;
create trigger counted after insert or delete on patients for each row execute function openward.count_patients();
create trigger recounted after update of is_active, merged_into, erased_at on patients for each row
  when (old.is_active <> new.is_active or old.merged_into is distinct from new.merged_into or old.erased_at is distinct from new.erased_at)
  execute function openward.count_patients();


alter table care_relationships add constraint care_relationships_patient foreign key (patient_id) references patients;
alter table emergency_accesses add constraint emergency_accesses_patient foreign key (patient_id) references patients;

call openward.protect('patients', 'patients.id', true);
call openward.protect('patient_keys', 'patient_keys.patient_id', true);
call openward.protect('patient_tokens', 'patient_tokens.patient_id', true);
call openward.protect('emergency_contacts', 'emergency_contacts.patient_id');
call openward.protect('insurances', 'insurances.patient_id');
call openward.protect('insurance_tokens', 'insurance_tokens.patient_id');
-- An entry stays with the record that it was written for. While that one is part of another, it is reached as the other is: a
-- person sees who saw any of their records.
call openward.protect('audit_logs', 'openward.whole_record(audit_logs.patient_id)');
create policy record on audit_logs for insert to openward_app with check (true);
