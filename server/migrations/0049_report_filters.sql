-- A report that is ordered is narrowed as one that is read at once.
alter table report_jobs add column filters jsonb not null default '{}';
