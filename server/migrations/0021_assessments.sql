-- Nursing and radiology assessments. What they say is sealed, vital signs included; the score that orders the board is on the visit.

create table assessments (
  id             uuid primary key default uuidv7(),
  visit_id       uuid not null constraint assessments_visit references visits,
  patient_id     uuid not null constraint assessments_patient references patients,
  kind           text not null check (kind in ('nursing', 'radiology')),
  status         text not null default 'draft' check (status in ('draft', 'preliminary', 'final', 'amended')),
  author_id      uuid not null references users,
  key_id         uuid not null references patient_keys,
  sealed_draft   bytea,
  current_number integer not null default 0,
  taken_at       timestamptz not null default now(),
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  finalized_at   timestamptz,
  version        integer not null default 1,
  constraint assessments_draft_until_final check ((status in ('draft', 'preliminary')) = (sealed_draft is not null)),
  constraint assessments_signed check ((status = 'draft') = (current_number = 0))
);
comment on column assessments.sealed_draft is 'as it is typed; its author alone is shown it';
-- Two screens of one person go on with one draft.
create unique index assessments_one_draft on assessments (visit_id, kind, author_id) where status = 'draft';
create index assessments_of_visit on assessments (visit_id, id desc);
create index assessments_series on assessments (patient_id, taken_at desc, id desc) where kind = 'nursing' and current_number > 0;
grant select, insert, update on assessments to openward_app;

create table assessment_versions (
  id              uuid primary key default uuidv7(),
  assessment_id   uuid not null references assessments,
  patient_id      uuid not null references patients,
  number          integer not null,
  status          text not null check (status in ('preliminary', 'final', 'amended')),
  signed_by       uuid not null,
  signed_at       timestamptz not null default now(),
  key_id          uuid not null references patient_keys,
  sealed_content  bytea not null,
  sealed_withheld bytea,
  sealed_reason   bytea,
  constraint assessment_versions_once unique (assessment_id, number)
);
comment on column assessment_versions.sealed_withheld is 'signs of abuse or neglect: for treating staff, in no copy for the patient';
create index assessment_versions_patient on assessment_versions (patient_id);
grant select, insert on assessment_versions to openward_app;
grant update (patient_id, key_id, sealed_content, sealed_withheld, sealed_reason) on assessment_versions to openward_app;
create trigger signed before update or delete on assessment_versions for each row
  execute function openward.keep_signed('status', 'preliminary', 'final', 'amended');

-- What was signed is neither taken back nor given to another visit or author: it only gets more versions.
create function openward.keep_assessment() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare v_free constant text[] := array['patient_id', 'key_id', 'sealed_draft', 'status', 'current_number', 'taken_at', 'updated_at', 'finalized_at', 'version'];
begin
  if tg_op = 'UPDATE' and to_jsonb(old) - v_free = to_jsonb(new) - v_free and new.current_number >= old.current_number
     and (old.status in ('draft', 'preliminary') or new.status in ('final', 'amended')) then
    return new;
  end if;
  raise exception 'what is signed is never changed' using errcode = 'OW423', table = tg_table_name;
end $$;
create trigger signed before update or delete on assessments for each row
  when (old.current_number > 0) execute function openward.keep_assessment();

-- Somebody has to look after this now: told to one after the other until one of them says that they do.
create table assessment_alerts (
  id              uuid primary key default uuidv7(),
  assessment_id   uuid not null constraint assessment_alerts_once unique references assessments,
  patient_id      uuid not null references patients,
  reason          text not null check (reason in ('early_warning', 'critical_result')),
  raised_at       timestamptz not null default now(),
  addressed_to    uuid,
  told            uuid[] not null default '{}',
  told_at         timestamptz not null default now(),
  level           integer not null default 1,
  acknowledged_at timestamptz,
  acknowledged_by uuid,
  constraint assessment_alerts_acknowledged check ((acknowledged_at is null) = (acknowledged_by is null))
);
comment on column assessment_alerts.addressed_to is 'a user; null is every doctor of the department';
create index assessment_alerts_open on assessment_alerts (told_at) where acknowledged_at is null;
create index assessment_alerts_patient on assessment_alerts (patient_id);
grant select, insert, update on assessment_alerts to openward_app;

call openward.protect('assessments', 'assessments.patient_id');
call openward.protect('assessment_versions', 'assessment_versions.patient_id');
call openward.protect('assessment_alerts', 'assessment_alerts.patient_id');

create or replace view visit_obstacles as
  select v.id as visit_id, 'resource_assigned' as obstacle, a.resource_id as subject_id
    from visits v join resource_assignments a on a.patient_id = v.patient_id and a.released_at is null
   where v.status = 'admitted' or not exists (
         select from visits other where other.patient_id = v.patient_id and other.status = 'admitted' and other.id <> v.id)
  union all
  select visit_id, 'assessment_draft', id from assessments where status = 'draft';

-- Writing them where the record is in reach, as opening it is.
update roles set permissions = array_remove(array_remove(permissions, 'nursing-assessments:write'), 'radiology-assessments:write')
                 || array['nursing-assessments:write:department', 'nursing-assessments:write:own',
                          'radiology-assessments:write:department', 'radiology-assessments:write:own'], version = version + 1
 where name = 'doctor';
update roles set permissions = array_remove(permissions, 'nursing-assessments:write') || array['nursing-assessments:write:department'],
                 version = version + 1
 where name = 'nurse';
