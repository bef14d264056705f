create index visits_opened_with_status on visits (opened_at, id) include (status);
drop index visits_opened;
alter index visits_opened_with_status rename to visits_opened;
alter table visits set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);
