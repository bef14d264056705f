-- What people are told of their appointments: each thing once, and how it went.

-- How far each relay has come in the events: it moves with what the relay does, in one transaction.
create table event_relays (
  name        text primary key,
  settled_xid xid8 not null,
  event_id    uuid not null
);
comment on column event_relays.event_id is 'the last event of the transaction settled_xid that was relayed';
grant select, update on event_relays to openward_app;

-- Events that a relay could not take, set aside so that those behind them are not held up.
create table event_relay_failures (
  relay      text not null references event_relays,
  event_id   uuid not null,
  code       text not null,
  failed_at  timestamptz not null default now(),
  primary key (relay, event_id)
);
grant select, insert, delete on event_relay_failures to openward_app;

insert into event_relays (name, settled_xid, event_id)
values ('notifications', openward.settled_xid(), '00000000-0000-0000-0000-000000000000');

-- Each attempt at a mail and how it ended.
create table mail_attempts (
  mail_id       uuid not null references mails on delete cascade,
  attempt       integer not null,
  attempted_at  timestamptz not null default now(),
  outcome       text not null check (outcome in ('sent', 'failed')),
  reason        text,
  smtp_code     integer,
  primary key (mail_id, attempt)
);
grant select, insert, delete on mail_attempts to openward_app;

alter table mails drop constraint mails_status_check;
alter table mails add constraint mails_status_check check (status in ('waiting', 'sent', 'kept', 'failed', 'void'));
comment on column mails.status is
  'kept: no SMTP server is configured, the message is shown in the development outbox; void: overtaken before it was sent';

create table notification_preferences (
  id               uuid primary key default uuidv7(),
  patient_id       uuid not null constraint notification_preferences_one unique references patients,
  email            boolean not null default true,
  reminder_minutes integer[] not null default '{1440}'
                     constraint notification_preferences_reminders
                     check (cardinality(reminder_minutes) <= 3 and 15 <= all (reminder_minutes) and 20160 >= all (reminder_minutes)),
  quiet_from       time,
  quiet_until      time,
  timezone         text,
  updated_at       timestamptz not null default now(),
  version          integer not null default 1,
  constraint notification_preferences_quiet check ((quiet_from is null) = (quiet_until is null) and (quiet_from is null or quiet_from <> quiet_until))
);
comment on column notification_preferences.reminder_minutes is 'how long before the start; none: no reminder';
comment on column notification_preferences.timezone is 'of the quiet hours; null: the hospital''s';
call openward.protect('notification_preferences', 'patient_id');
grant select, insert, update, delete on notification_preferences to openward_app;

-- One row for each thing told, whatever was sent: the key is what keeps a reminder from going out twice.
create table notices (
  id             uuid primary key default uuidv7(),
  appointment_id uuid not null references appointments,
  patient_id     uuid not null references patients,
  kind           text not null check (kind in ('confirmation', 'change', 'cancellation', 'reminder')),
  occurrence     text not null,
  channel        text not null default 'email' check (channel in ('email')),
  offset_minutes integer not null default 0,
  mail_id        uuid references mails on delete set null,
  skipped        text check (skipped in ('no_address', 'not_wanted', 'too_late')),
  created_at     timestamptz not null default now(),
  constraint notices_once unique (appointment_id, kind, occurrence, channel, offset_minutes)
);
comment on column notices.occurrence is
  'what it tells of: the start (seconds since 1970) for a reminder, the version of the appointment for the others';
create index notices_patient on notices (patient_id);
create index notices_mail on notices (mail_id);
call openward.protect('notices', 'patient_id');
grant select, insert, update, delete on notices to openward_app;
