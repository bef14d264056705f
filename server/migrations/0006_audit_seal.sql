-- What proves the audit log: one leaf for each sealed entry, and the signed roots of the Merkle tree over them.

create table audit_leaves (
  seq       bigint primary key constraint audit_leaves_from_one check (seq > 0),
  entry_id  uuid not null constraint audit_leaves_entry_once unique,
  leaf_hash bytea not null constraint audit_leaves_sha256 check (length(leaf_hash) = 32)
);
comment on table audit_leaves is 'the root of n entries covers seq 1 to n; no foreign key, so that a removed entry is still missed';

create table audit_roots (
  tree_size     bigint primary key constraint audit_roots_not_empty check (tree_size > 0),
  root_hash     bytea not null constraint audit_roots_sha256 check (length(root_hash) = 32),
  sealed_at     timestamptz not null constraint audit_roots_finite check (isfinite(sealed_at)),
  previous_hash bytea,
  key_id        text not null,
  signature     bytea not null,
  horizon       xid8 not null,
  frontier      bytea not null,
  constraint audit_roots_one_successor unique nulls not distinct (previous_hash)
);
comment on column audit_roots.horizon is 'every entry with a lower recorded_xid is sealed; not signed, it means nothing in another cluster';
comment on column audit_roots.frontier is 'roots of the complete subtrees, from which the tree grows on; they hash to root_hash';

grant select, insert on audit_leaves, audit_roots to openward_app;

-- Not `timestamp` and not `recorded_xid`: whoever serves requests can neither date an entry back nor slip it past the sealer.
revoke insert on audit_logs from openward_app;
grant insert (id, user_id, role, session_id, ip_address, user_agent, action, resource_type, resource_id, patient_id, outcome,
              purpose, correlation_id, key_id, sealed_changes, details) on audit_logs to openward_app;

-- Stops a mistaken statement of the owner. It stops no superuser: against those stands the signature.
create function openward.refuse_audit_change() returns trigger language plpgsql as $$
begin
  if (select rolsuper from pg_roles where rolname = current_user) then
    return case tg_op when 'UPDATE' then new else old end;
  end if;
  raise exception 'the audit log is never changed' using errcode = 'insufficient_privilege';
end $$;

create trigger never_changed before update or delete on audit_logs
  for each row execute function openward.refuse_audit_change();
create trigger never_truncated before truncate on audit_logs
  for each statement execute function openward.refuse_audit_change();
create trigger never_changed before update or delete on audit_leaves
  for each row execute function openward.refuse_audit_change();
create trigger never_truncated before truncate on audit_leaves
  for each statement execute function openward.refuse_audit_change();
create trigger never_changed before update or delete on audit_roots
  for each row execute function openward.refuse_audit_change();
create trigger never_truncated before truncate on audit_roots
  for each statement execute function openward.refuse_audit_change();
