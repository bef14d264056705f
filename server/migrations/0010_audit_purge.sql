-- What was purged from the audit log when its time was over: by whom, why, and under which root. Leaves and roots stay, so that the
-- rest is proved as before.

create table audit_purges (
  last_seq  bigint primary key constraint audit_purges_from_one check (last_seq > 0),
  statement text not null,
  stated_at timestamptz not null default now()
);
comment on table audit_purges is 'entries up to last_seq are gone; the statement is signed with a key of the roots, and says the rest';
grant select on audit_purges to openward_app;

create trigger never_changed before update or delete on audit_purges
  for each row execute function openward.refuse_audit_change();
create trigger never_truncated before truncate on audit_purges
  for each statement execute function openward.refuse_audit_change();

-- An entry goes after its statement only, even where the owner says so.
create function openward.refuse_unstated_purge() returns trigger language plpgsql as $$
begin
  if (select rolsuper from pg_roles where rolname = current_user)
     or exists (select from audit_leaves l where l.entry_id = old.id and l.seq <= (select max(last_seq) from audit_purges)) then
    return old;
  end if;
  raise exception 'the audit log is never changed' using errcode = 'insufficient_privilege';
end $$;
drop trigger never_changed on audit_logs;
create trigger never_changed before update on audit_logs
  for each row execute function openward.refuse_audit_change();
create trigger never_deleted before delete on audit_logs
  for each row execute function openward.refuse_unstated_purge();
