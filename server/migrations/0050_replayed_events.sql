-- What was set aside is tried again when an administrator says so.
alter table event_relay_failures add column replay_requested_at timestamptz;
comment on column event_relay_failures.replay_requested_at is 'it is tried once more; null again where that fails too';
grant update (code, failed_at, replay_requested_at) on event_relay_failures to openward_app;
