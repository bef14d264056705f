-- The warehouse: runs of its export, and of which moment each is. What was exported lies elsewhere, with a manifest that says so.
create table warehouse_runs (
  id              uuid primary key default uuidv7(),
  status          text not null default 'waiting' check (status in ('waiting', 'running', 'finished', 'failed')),
  is_full_asked   boolean not null default false,
  number          integer,
  generation      integer,
  reason          text,
  failure         text,
  tables_done     integer not null default 0,
  rows_written    bigint not null default 0,
  manifest        jsonb,
  manifest_sha256 text,
  created_by      uuid references users,
  created_at      timestamptz not null default now(),
  started_at      timestamptz,
  touched_at      timestamptz not null default now(),
  as_of           timestamptz,
  finished_at     timestamptz,
  swept_at        timestamptz,
  constraint warehouse_runs_ended check ((status in ('finished', 'failed')) = (finished_at is not null)),
  constraint warehouse_runs_whole check (status <> 'finished'
    or num_nonnulls(number, generation, reason, as_of, manifest, manifest_sha256) = 6)
);
comment on column warehouse_runs.number is 'of the last attempt; runs that were finished are in this order';
comment on column warehouse_runs.generation is 'the number of the full run that it adds to, or its own';
comment on column warehouse_runs.created_by is 'null: by the schedule or the command line';
comment on column warehouse_runs.swept_at is 'what no run needs any more was removed since';
create unique index warehouse_runs_one_open on warehouse_runs ((true)) where status in ('waiting', 'running');
grant select, insert, update on warehouse_runs to openward_app;

-- When a row was written as it is, as a number that only grows: its transaction, with the epoch that the row itself does not hold.
-- `p_before` is the first transaction that the asking statement does not see. Of a row that is older than four thousand million
-- transactions it says too much: that one is exported again.
create function openward.row_xid(p_row xid, p_before bigint) returns bigint language sql immutable parallel safe as $$
  select case when p_row::text::bigint < 3 then 0
              when (p_before & -4294967296) + p_row::text::bigint < p_before then (p_before & -4294967296) + p_row::text::bigint
              else (p_before & -4294967296) + p_row::text::bigint - 4294967296 end
$$;

update roles set permissions = permissions || array['warehouse:read', 'warehouse:export'], version = version + 1 where name = 'admin';
