-- Who signs in: departments, roles, users, sessions and what proves them.

create table departments (
  id         uuid primary key default uuidv7(),
  name       text not null,
  code       text not null constraint departments_code unique,
  is_active  boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    integer not null default 1
);
grant select, insert, update on departments to openward_app;

-- permissions: `resource:action`, or `resource:action:department`, or `resource:action:own`.
create table roles (
  name        text primary key check (name ~ '^[a-z][a-z_]{1,39}$'),
  permissions text[] not null,
  mfa         text not null default 'default' check (mfa in ('default', 'optional', 'required')),
  is_builtin  boolean not null default false,
  version     integer not null default 1,
  updated_at  timestamptz not null default now()
);
grant select, insert, update on roles to openward_app;

-- A user's names, e-mail and user name are sealed; the tokens find and keep them unique.
create table users (
  id                uuid primary key default uuidv7(),
  key_id            uuid not null references system_keys,
  sealed_profile    bytea not null,
  password_hash     text,
  role              text not null references roles,
  department_id     uuid references departments,
  is_active         boolean not null default true,
  awaits_approval   boolean not null default false,
  email_verified_at timestamptz,
  mfa_enabled       boolean not null default false,
  sealed_totp       bytea,
  totp_last_step    bigint,
  failed_logins     integer not null default 0,
  failures_since    timestamptz,
  locked_until      timestamptz,
  last_login_at     timestamptz,
  external_subject  text constraint users_external_subject unique,
  authority_version integer not null default 1,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now(),
  created_by        uuid,
  version           integer not null default 1
);
comment on column users.authority_version is 'raised by whatever must take effect on the next request: role, department, activity';
create index users_created on users (created_at, id);
create index users_department on users (department_id) where department_id is not null;
grant select, insert, update on users to openward_app;

create table user_tokens (
  user_id     uuid not null references users,
  kind        text not null check (kind in ('email', 'username')),
  key_version integer not null,
  token       bytea not null,
  -- Whoever signs in with an `@` is looked for by e-mail alone: a user name holds none.
  constraint user_tokens_one_account primary key (kind, key_version, token)
);
create index user_tokens_user on user_tokens (user_id);
grant select, insert, delete on user_tokens to openward_app;

-- Names that nobody has wait after wrong passwords as accounts do, so that waiting does not tell who has an account.
create table unknown_logins (
  token          bytea primary key,
  failed_logins  integer not null default 0,
  failures_since timestamptz,
  locked_until   timestamptz,
  updated_at     timestamptz not null default now()
);
create index unknown_logins_updated on unknown_logins (updated_at);
grant select, insert, update, delete on unknown_logins to openward_app;

create table recovery_codes (
  user_id   uuid not null references users,
  code_hash bytea not null,
  used_at   timestamptz,
  primary key (user_id, code_hash)
);
grant select, insert, delete on recovery_codes to openward_app;
grant update (used_at) on recovery_codes to openward_app;

-- One login on one device. What its user may do is kept beside it by triggers (0003_access.sql), so that every transaction asks
-- one row.
create table sessions (
  id            uuid primary key default uuidv7(),
  user_id       uuid not null references users,
  created_at    timestamptz not null default now(),
  authenticated_at timestamptz not null default now(),
  last_used_at  timestamptz not null default now(),
  idle_limit    interval not null,
  expires_at    timestamptz not null,
  ip_address    inet,
  user_agent    text,
  device_id     uuid,
  method        text not null,
  revoked_at    timestamptz,
  revoke_reason text,
  is_user_active boolean not null,
  authority     text not null,
  department_id uuid,
  doctor_id     uuid,
  patient_id    uuid
);
comment on column sessions.authority is 'versions of the user''s and the role''s rights: a server that knows others reads them again';
create index sessions_user on sessions (user_id, created_at desc);
create index sessions_expiry on sessions (expires_at);
grant select, insert, update, delete on sessions to openward_app;

-- Each refresh token is spent once; its successor answers a lost reply for ten seconds.
create table refresh_tokens (
  token_hash      bytea primary key,
  session_id      uuid not null references sessions on delete cascade,
  created_at      timestamptz not null default now(),
  spent_at        timestamptz,
  successor_hash  bytea,
  sealed_successor bytea,
  key_id          uuid references system_keys
);
create index refresh_tokens_session on refresh_tokens (session_id);
grant select, insert, update, delete on refresh_tokens to openward_app;

-- Password resets, invitations, e-mail verification: mailed once, used once.
create table one_time_tokens (
  token_hash bytea primary key,
  purpose    text not null check (purpose in ('password_reset', 'invitation', 'email_verification', 'mfa_pending', 'oidc_state')),
  user_id    uuid references users,
  key_id     uuid references system_keys,
  sealed_data bytea,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at    timestamptz
);
create index one_time_tokens_user on one_time_tokens (user_id, purpose);
create index one_time_tokens_expiry on one_time_tokens (expires_at);
grant select, insert, update, delete on one_time_tokens to openward_app;

-- A device that has signed in as a user before keeps its own count of failures, so that a stranger cannot lock the owner out.
create table known_devices (
  id             uuid primary key default uuidv7(),
  user_id        uuid not null references users,
  token_hash     bytea not null unique,
  failed_logins  integer not null default 0,
  failures_since timestamptz,
  locked_until   timestamptz,
  created_at     timestamptz not null default now(),
  last_used_at   timestamptz not null default now()
);
create index known_devices_user on known_devices (user_id);
grant select, insert, update, delete on known_devices to openward_app;
