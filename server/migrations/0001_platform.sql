-- What every module stands on: extensions, numbers, system keys, the audit log's entries, events, stored answers, mail.
-- The role openward_app serves requests and owns nothing; the role that runs this file owns everything.

create extension if not exists btree_gist;

create schema openward;
grant usage on schema openward to openward_app;
grant usage on schema public to openward_app;

-- What the scope of the transaction says; each is null outside of `openward.enter…`.
create function openward.setting(name text) returns text language sql stable parallel safe as
  $$ select nullif(current_setting('openward.' || name, true), '') $$;

-- Every transaction of this database with a lower number has ended, as the calling statement sees it. pg_snapshot_xmin alone waits
-- for the other databases of the cluster, too. Passed over is only what pg_locks shows to be another database's: a transaction has
-- its number for a moment before it is seen there.
create function openward.settled_xid() returns xid8 language sql stable as
  $$ select coalesce(min(running), pg_snapshot_xmax(pg_current_snapshot())) from pg_snapshot_xip(pg_current_snapshot()) as running
      where not exists (select from pg_locks l join pg_stat_activity a on a.pid = l.pid
                         where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted and l.transactionid = running::xid
                           and a.datid <> (select oid from pg_database where datname = current_database())) $$;

-- Keys -----------------------------------------------------------------------------------------------------------

-- Keys of the system itself: they seal users, mail and stored answers. `wrapped` opens only with the master key.
create table system_keys (
  id         uuid primary key,
  purpose    text not null,
  kek_id     text not null,
  wrapped    bytea not null,
  created_at timestamptz not null default now(),
  retired_at timestamptz
);
create unique index system_keys_one_current on system_keys (purpose) where retired_at is null;

-- Roots of the search tokens, apart from the key-encryption key, so that rotating that one re-indexes nothing.
create table index_roots (
  version    integer primary key,
  kek_id     text not null,
  wrapped    bytea not null,
  created_at timestamptz not null default now(),
  retired_at timestamptz
);

-- Ed25519 keys: of access tokens and of the audit log's roots. The private half is wrapped.
create table signing_keys (
  id          text primary key,
  purpose     text not null check (purpose in ('access_token', 'audit_root')),
  public_key  text not null,
  kek_id      text not null,
  wrapped     bytea not null,
  created_at  timestamptz not null default now(),
  retired_at  timestamptz
);
create unique index signing_keys_one_current on signing_keys (purpose) where retired_at is null;

grant select, insert on system_keys, index_roots, signing_keys to openward_app;
grant update (kek_id, wrapped, retired_at) on system_keys, index_roots, signing_keys to openward_app;
grant delete on index_roots, signing_keys to openward_app;

-- Human-readable numbers --------------------------------------------------------------------------------------------

create sequence patient_numbers;
create sequence appointment_numbers;
grant usage on sequence patient_numbers, appointment_numbers to openward_app;

create table number_days (
  kind        text not null,
  day         date not null,
  first_value bigint not null,
  primary key (kind, day)
);

-- The next number of the hospital's local day, `PT-20261201-0001`. Nobody waits for a shared row but the first of a day;
-- a number taken by a transaction that rolls back is lost, never given twice.
create function openward.next_number(p_kind text, p_prefix text, p_day date) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_first bigint;
  v_value bigint;
begin
  loop
    v_value := nextval(p_kind::regclass);
    select first_value into v_first from number_days where kind = p_kind and day = p_day;
    if not found then
      insert into number_days values (p_kind, p_day, v_value) on conflict do nothing;
      select first_value into v_first from number_days where kind = p_kind and day = p_day;
    end if;
    exit when v_value >= v_first;
  end loop;
  return p_prefix || '-' || to_char(p_day, 'YYYYMMDD') || '-' ||
         case when v_value - v_first < 9999 then lpad((v_value - v_first + 1)::text, 4, '0')
              else (v_value - v_first + 1)::text end;
end $$;

-- The audit log -----------------------------------------------------------------------------------------------------

create table audit_logs (
  id             uuid primary key default uuidv7(),
  recorded_xid   xid8 not null default pg_current_xact_id(),
  timestamp      timestamptz not null default clock_timestamp(),
  user_id        uuid,
  role           text,
  session_id     uuid,
  ip_address     inet,
  user_agent     text,
  action         text not null,
  resource_type  text not null,
  resource_id    uuid,
  patient_id     uuid,
  outcome        text not null check (outcome in ('success', 'denied', 'failure')),
  purpose        text,
  correlation_id text not null,
  key_id         uuid,
  sealed_changes bytea,
  details        jsonb
);
comment on column audit_logs.details is 'counts, reasons, names of fields and ids of whom a list showed; never a value of a person';
create index audit_logs_patient on audit_logs (patient_id, id desc) where patient_id is not null;
create index audit_logs_user on audit_logs (user_id, id desc) where user_id is not null;
create index audit_logs_recorded on audit_logs (recorded_xid, id);
grant select, insert on audit_logs to openward_app;

-- Events: written with the change, relayed after the commit ----------------------------------------------------------

create table events (
  id           uuid primary key default uuidv7(),
  recorded_xid xid8 not null default pg_current_xact_id(),
  type         text not null,
  subject_type text not null,
  subject_id   uuid not null,
  patient_id   uuid,
  payload      jsonb not null default '{}',
  created_at   timestamptz not null default clock_timestamp()
);
comment on column events.payload is 'ids and codes; never a value of a person';
create index events_recorded on events (recorded_xid, id);
grant select, insert, delete on events to openward_app;

-- Answers kept for a repeated Idempotency-Key -------------------------------------------------------------------------

create table idempotency_keys (
  user_id       uuid not null,
  operation     text not null,
  key_hash      bytea not null,
  request_hash  bytea not null,
  status        integer,
  key_id        uuid references system_keys,
  sealed_answer bytea,
  created_at    timestamptz not null default now(),
  primary key (user_id, operation, key_hash)
);
create index idempotency_keys_created on idempotency_keys (created_at);
grant select, insert, update, delete on idempotency_keys to openward_app;

-- Mail ----------------------------------------------------------------------------------------------------------------

create table mails (
  id              uuid primary key default uuidv7(),
  template        text not null,
  user_id         uuid,
  patient_id      uuid,
  key_id          uuid not null references system_keys,
  sealed_message  bytea not null,
  status          text not null default 'waiting' check (status in ('waiting', 'sent', 'kept', 'failed')),
  attempts        integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  last_error      text,
  created_at      timestamptz not null default now(),
  sent_at         timestamptz
);
comment on column mails.status is 'kept: no SMTP server is configured, the message is shown in the development outbox';
create index mails_waiting on mails (next_attempt_at) where status = 'waiting';
grant select, insert, update, delete on mails to openward_app;
