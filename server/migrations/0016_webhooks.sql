-- Webhooks: who outside is told of events, and what became of each telling. A telling holds ids and codes, as events do.

create table webhooks (
  id              uuid primary key default uuidv7(),
  url             text not null,
  description     text,
  types           text[] not null constraint webhooks_of_something check (cardinality(types) between 1 and 50),
  is_active       boolean not null default true,
  key_id          uuid not null references system_keys,
  sealed_secret   bytea not null,
  failures        integer not null default 0,
  paused_until    timestamptz,
  last_success_at timestamptz,
  last_failure_at timestamptz,
  last_failure    text,
  created_by      uuid,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  version         integer not null default 1
);
comment on column webhooks.types is 'types of events, or `appointment.*` for all of a kind, or `*`';
comment on column webhooks.failures is 'in a row; after five it is paused, and tried with one telling at a time';
grant select, insert, update, delete on webhooks to openward_app;

-- The id is what the receiver is given as webhook-id, so it stays the same however often it is sent.
create table webhook_deliveries (
  id              uuid primary key default uuidv7(),
  webhook_id      uuid not null references webhooks on delete cascade,
  event_id        uuid not null,
  type            text not null,
  subject_id      uuid not null,
  status          text not null default 'waiting' check (status in ('waiting', 'delivered', 'dead')),
  attempts        integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  claimed_until   timestamptz,
  attempted_at    timestamptz,
  answered_status integer,
  failure         text,
  created_at      timestamptz not null default now(),
  settled_at      timestamptz,
  constraint webhook_deliveries_once unique (webhook_id, event_id)
);
comment on column webhook_deliveries.event_id is 'made when its change was: among those of one record it tells the order';
comment on column webhook_deliveries.claimed_until is 'a server is sending it; one that died lets go by this';
create index webhook_deliveries_waiting on webhook_deliveries (webhook_id, event_id) where status = 'waiting';
create index webhook_deliveries_record on webhook_deliveries (webhook_id, subject_id, event_id) where status = 'waiting';
create index webhook_deliveries_listed on webhook_deliveries (webhook_id, status, id);
grant select, insert, update, delete on webhook_deliveries to openward_app;

insert into event_relays (name, settled_xid, event_id)
values ('webhooks', openward.settled_xid(), '00000000-0000-0000-0000-000000000000');

update roles set permissions = permissions || array['webhooks:read', 'webhooks:write'], version = version + 1, updated_at = now()
 where name = 'admin';
