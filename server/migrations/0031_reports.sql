-- Reports that were ordered, and what was made of them: counts, and nothing about any person. Kept for a week.
create table report_jobs (
  id          uuid primary key default uuidv7(),
  report      text not null,
  from_date   date not null,
  to_date     date not null,
  group_by    text,
  format      text not null check (format in ('json', 'csv')),
  status      text not null default 'waiting' check (status in ('waiting', 'running', 'finished', 'failed')),
  done        integer not null default 0,
  total       integer not null default 0,
  content     text,
  created_by  uuid not null references users,
  created_at  timestamptz not null default now(),
  finished_at timestamptz,
  constraint report_jobs_content_when_finished check ((status = 'finished') = (content is not null)),
  constraint report_jobs_ended check ((status in ('finished', 'failed')) = (finished_at is not null))
);
create index report_jobs_created on report_jobs (created_at);
grant select, insert, update, delete on report_jobs to openward_app;

create index assessments_finalized on assessments (finalized_at, id) where finalized_at is not null;
create index assessment_alerts_raised on assessment_alerts (raised_at);
