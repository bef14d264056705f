-- What became of the pipeline that takes a run of the warehouse on, where one is configured.
alter table warehouse_runs
  add column pipeline_status text check (pipeline_status in ('waiting', 'running', 'succeeded', 'failed', 'cancelled')),
  add column pipeline_run_id text,
  add column pipeline_failure text,
  add column pipeline_ended_at timestamptz,
  add constraint warehouse_runs_pipeline_ended check (
    (pipeline_ended_at is not null) = (coalesce(pipeline_status, 'waiting') in ('succeeded', 'failed', 'cancelled')));
comment on column warehouse_runs.pipeline_run_id is 'of Azure Data Factory';
