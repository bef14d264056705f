-- Copies of records: the link by which one is fetched once, and to whom a record was disclosed.

create table patient_exports (
  id               uuid primary key default uuidv7(),
  patient_id       uuid not null references patients,
  user_id          uuid not null references users,
  created_at       timestamptz not null default now(),
  expires_at       timestamptz not null,
  used_at          timestamptz,
  running_until    timestamptz,
  key_id           uuid references patient_keys,
  sealed_recipient bytea,
  constraint patient_exports_sealed check ((sealed_recipient is null) = (key_id is null))
);
comment on column patient_exports.running_until is 'one copy at a time for a user; a server that dies gives its turn back then';
create index patient_exports_user on patient_exports (user_id, created_at);
create index patient_exports_patient on patient_exports (patient_id);
grant select, insert, update, delete on patient_exports to openward_app;
call openward.protect('patient_exports', 'patient_exports.patient_id');

create table disclosures (
  id                uuid primary key default uuidv7(),
  patient_id        uuid not null references patients,
  disclosed_at      timestamptz not null,
  kind              text not null constraint disclosures_kind check (kind in ('export', 'other')),
  recorded_by       uuid not null references users,
  recorded_at       timestamptz not null default now(),
  suspended_until   timestamptz,
  key_id            uuid not null references patient_keys,
  sealed_disclosure bytea not null
);
comment on column disclosures.suspended_until is 'until then the patient is not told, as an authority has asked (45 CFR 164.528(a)(2))';
create index disclosures_patient on disclosures (patient_id, disclosed_at desc);
grant select, insert, update on disclosures to openward_app;
call openward.protect('disclosures', 'disclosures.patient_id');
