-- The review of activity (45 CFR 164.308(a)(1)(ii)(D)): what stands out in the audit log, and what a person made of it.

create table activity_findings (
  id                  uuid primary key default uuidv7(),
  kind                text not null constraint activity_findings_kind check (kind in
                        ('mass_read', 'own_record', 'colleague', 'family_name', 'after_hours', 'failed_sign_ins', 'emergency_access_unreviewed')),
  user_id             uuid not null references users,
  patient_id          uuid references patients,
  emergency_access_id uuid references emergency_accesses,
  night_of            date,
  first_at            timestamptz not null,
  last_at             timestamptz not null,
  entries             integer not null constraint activity_findings_of_something check (entries > 0),
  records             integer,
  raised_at           timestamptz not null default clock_timestamp(),
  closed_at           timestamptz,
  closed_by           uuid references users,
  verdict             text constraint activity_findings_verdict check (verdict in ('justified', 'not_justified')),
  key_id              uuid references system_keys,
  sealed_remark       bytea,
  constraint activity_findings_in_order check (first_at <= last_at),
  constraint activity_findings_closed check
    (num_nonnulls(closed_at, closed_by, verdict) in (0, 3) and (key_id is null) = (sealed_remark is null)),
  constraint activity_findings_not_own check (closed_by <> user_id)
);
comment on column activity_findings.night_of is 'of after_hours: the local day on which that night began';
comment on column activity_findings.records is 'of mass_read: the most different records within the minutes that count';
-- While it is open, what more there is of the same is added to it.
create unique index activity_findings_one_open on activity_findings
  (kind, user_id, patient_id, emergency_access_id, night_of) nulls not distinct where closed_at is null;
create index activity_findings_open on activity_findings (id) where closed_at is null;
create index activity_findings_user on activity_findings (user_id, id);
create index activity_findings_patient on activity_findings (patient_id) where patient_id is not null;
create index activity_findings_access on activity_findings (emergency_access_id) where emergency_access_id is not null;
grant select, insert on activity_findings to openward_app;
grant update (first_at, last_at, entries, records, closed_at, closed_by, verdict, key_id, sealed_remark) on activity_findings to openward_app;
call openward.protect('activity_findings', 'activity_findings.patient_id');

-- How far the sealed log has been looked through, and when those who review were last told.
create table activity_review (
  is_only     boolean primary key default true constraint activity_review_one_row check (is_only),
  seq         bigint not null,
  counted_seq bigint not null,
  told_at     timestamptz not null default now()
);
comment on column activity_review.counted_seq is 'as seq, of what is counted over time: in larger steps, since each looks back an hour';
-- What was recorded before this version is not looked through.
insert into activity_review (seq, counted_seq) select coalesce(max(seq), 0), coalesce(max(seq), 0) from audit_leaves;
grant select on activity_review to openward_app;
grant update (seq, counted_seq, told_at) on activity_review to openward_app;

create index emergency_accesses_unreviewed on emergency_accesses (created_at) where reviewed_at is null;

update roles set permissions = permissions || array['audit:review'], version = version + 1, updated_at = now()
 where name in ('admin', 'auditor');
