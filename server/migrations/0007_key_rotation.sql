-- Rotating keys: what a rotation was at when it was interrupted, and which key took the place of a patient's older one.

create table key_rotations (
  id          uuid primary key default uuidv7(),
  kind        text not null check (kind in ('patients', 'system', 'index', 'tokens', 'audit')),
  state       jsonb not null default '{}',
  started_at  timestamptz not null default now(),
  finished_at timestamptz
);
comment on column key_rotations.state is 'ids, versions and instants';
create unique index key_rotations_one_of_a_kind on key_rotations (kind) where finished_at is null;

alter table patient_keys add column replaced_by uuid references patient_keys;
comment on column patient_keys.replaced_by is 'what was sealed with this key is sealed with that one; it stays for the audit entries that name it';
