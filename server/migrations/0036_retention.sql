-- Which records need not be kept any more, as the nightly job found it, and which are under legal hold.
alter table patients add column retention_ended_on date;
comment on column patients.retention_ended_on is 'null while it must be kept, also under legal hold; judged anew before an erasure';
create index patients_retention_ended on patients (retention_ended_on, id) where retention_ended_on is not null;
create index patients_held on patients (id) where legal_hold;
