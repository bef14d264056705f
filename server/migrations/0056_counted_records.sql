create index prescriptions_created_with_status on prescriptions (created_at desc, id desc) include (status);
drop index prescriptions_created;
alter index prescriptions_created_with_status rename to prescriptions_created;
create index documents_arrived_with_kind on documents (uploaded_at) include (kind, deleted_at);
drop index documents_arrived;
alter index documents_arrived_with_kind rename to documents_arrived;
alter table prescriptions set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);
alter table documents set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);

-- What there is of records and when, and nothing of whom. A view of the owner's, for whoever sees all: the rules of row-level security ask
-- for people, which these indexes do not have.
create view counted_records with (security_barrier) as
  select 'appointments' as subject, status as part, starts_at as at
    from appointments where status <> 'held' and (select openward.setting('reach')) = 'all'
  union all
  select 'visits', status, opened_at from visits where (select openward.setting('reach')) = 'all'
  union all
  select 'prescriptions', status, created_at from prescriptions where (select openward.setting('reach')) = 'all'
  union all
  select 'documents', kind, uploaded_at from documents where deleted_at is null and (select openward.setting('reach')) = 'all';
grant select on counted_records to openward_app;
