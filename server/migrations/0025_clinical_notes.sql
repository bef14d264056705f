-- Clinical notes of visits: a draft that its author alone sees, then versions that nobody changes. And what the timeline reads by.

create table clinical_notes (
  id             uuid primary key default uuidv7(),
  visit_id       uuid not null,
  patient_id     uuid not null constraint clinical_notes_patient references patients,
  kind           text not null check (kind in ('soap', 'progress', 'discharge')),
  status         text not null default 'draft' check (status in ('draft', 'signed', 'amended')),
  author_id      uuid not null references users,
  key_id         uuid not null references patient_keys,
  sealed_draft   bytea,
  current_number integer not null default 0,
  signed_at      timestamptz,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  version        integer not null default 1,
  constraint clinical_notes_draft_unsigned check ((status = 'draft') = (signed_at is null)),
  constraint clinical_notes_draft_gone check ((status = 'draft') = (sealed_draft is not null)),
  constraint clinical_notes_numbered check ((status = 'draft') = (current_number = 0))
);
do $$ begin
  if to_regclass('public.visits') is not null then
    alter table clinical_notes add constraint clinical_notes_visit foreign key (visit_id) references visits;
  end if;
end $$;
create index clinical_notes_of_visit on clinical_notes (visit_id, created_at desc, id desc);
create index clinical_notes_of_patient on clinical_notes (patient_id);
create index clinical_notes_signed_of_patient on clinical_notes (patient_id, signed_at desc, id desc) where signed_at is not null;
grant select, insert, update on clinical_notes to openward_app;

create table clinical_note_versions (
  id          uuid primary key default uuidv7(),
  note_id     uuid not null references clinical_notes,
  patient_id  uuid not null references patients,
  number      integer not null check (number > 0),
  key_id      uuid not null references patient_keys,
  sealed_note bytea not null,
  signed_by   uuid not null references users,
  signed_at   timestamptz not null default now(),
  constraint clinical_note_versions_numbered unique (note_id, number)
);
comment on column clinical_note_versions.sealed_note is 'what was signed, and of an amendment why';
create index clinical_note_versions_of_patient on clinical_note_versions (patient_id);
grant select, insert on clinical_note_versions to openward_app;
grant update (patient_id, key_id, sealed_note) on clinical_note_versions to openward_app;

call openward.protect('clinical_notes', 'clinical_notes.patient_id');
call openward.protect('clinical_note_versions', 'clinical_note_versions.patient_id');

create trigger signed_kept before update or delete on clinical_notes for each row when (old.status <> 'draft')
  execute function openward.keep_what_is_signed('status', 'current_number', 'version', 'updated_at');
create trigger signed_kept before update or delete on clinical_note_versions for each row
  execute function openward.keep_what_is_signed();

create index resource_assignments_beds_of_patient on resource_assignments (patient_id, assigned_at desc, id desc) where is_bed;
