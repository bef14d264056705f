-- Records of known persons, of which every look by way of work is put before those who review.
create table watched_records (
  patient_id    uuid primary key references patients,
  watched_since timestamptz not null default now(),
  watched_by    uuid not null references users
);
grant select, insert, delete on watched_records to openward_app;
call openward.protect('watched_records', 'watched_records.patient_id');

alter table activity_findings drop constraint activity_findings_kind;
alter table activity_findings add constraint activity_findings_kind check (kind in
  ('mass_read', 'own_record', 'colleague', 'family_name', 'watched_record', 'after_hours', 'failed_sign_ins', 'emergency_access_unreviewed'));
