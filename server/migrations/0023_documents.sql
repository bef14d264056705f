-- Documents: what is kept of each file, which files are on their way in or out, and links by which one is fetched once. The bytes lie
-- in the document store, under a random name, sealed with a key of their own that is sealed here under the patient's.

create table documents (
  id                 uuid primary key default uuidv7(),
  patient_id         uuid not null constraint documents_patient references patients,
  visit_id           uuid,
  kind               text not null constraint documents_kind
                       check (kind in ('report', 'image', 'lab_result', 'referral', 'discharge_letter', 'consent', 'identity', 'insurance',
                                       'prescription', 'other')),
  storage_key        text not null constraint documents_storage_key unique check (storage_key ~ '^[0-9a-f]{32}$'),
  media_type         text not null constraint documents_media_type
                       check (media_type in ('application/pdf', 'image/jpeg', 'image/png', 'image/tiff', 'application/dicom', 'text/plain')),
  size_bytes         bigint not null check (size_bytes > 0),
  status             text not null constraint documents_status check (status in ('scanning', 'clean', 'infected', 'scan_failed')),
  unscanned          boolean not null default false,
  threat             text,
  scanned_with       text,
  scanned_at         timestamptz,
  scan_attempts      integer not null default 0,
  scan_after         timestamptz not null default now(),
  series_id          uuid not null,
  revision           integer not null default 1 check (revision >= 1),
  key_id             uuid not null references patient_keys,
  sealed_label       bytea not null,
  sealed_content_key bytea not null,
  uploaded_by        uuid,
  uploaded_at        timestamptz not null default now(),
  deleted_at         timestamptz,
  deleted_by         uuid,
  version            integer not null default 1,
  constraint documents_one_revision unique (series_id, revision),
  constraint documents_infected_by_something check ((status = 'infected') = (threat is not null)),
  constraint documents_unscanned_is_told check (not unscanned or (status = 'clean' and scanned_with is null))
);
comment on column documents.unscanned is 'let through in development, where there is no scanner; never served in production';
comment on column documents.scanned_with is 'the scanner and the date of its signatures, as it names them: with others it is scanned again';
create index documents_patient_of on documents (patient_id, id);
create index documents_uploaded on documents (uploaded_by, uploaded_at);
create index documents_waiting on documents (scan_after) where status in ('scanning', 'scan_failed');
create index documents_scanned on documents (scanned_at nulls first) where status = 'clean';
grant select, insert on documents to openward_app;
grant update (patient_id, key_id, sealed_label, sealed_content_key, status, unscanned, threat, scanned_with, scanned_at, scan_attempts, scan_after,
              deleted_at, deleted_by, version) on documents to openward_app;
-- Erasure deletes; nothing else does.
grant delete on documents to openward_app;
call openward.protect('documents', 'documents.patient_id');

-- A file is written down here before its first byte is stored, and struck out by the transaction that keeps it: what a killed server
-- left behind is known by name. A row that is deleted puts its file here, to be removed.
create table document_files (
  storage_key text primary key,
  state       text not null check (state in ('arriving', 'leaving')),
  seen_at     timestamptz not null default now()
);
comment on column document_files.seen_at is 'renewed while the file arrives; one that is older was left behind';
create index document_files_seen on document_files (seen_at);
grant select, insert, update, delete on document_files to openward_app;

create function openward.remove_document_file() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into document_files (storage_key, state) values (old.storage_key, 'leaving') on conflict (storage_key) do update set state = 'leaving';
  return null;
end $$;
create trigger file_removed after delete on documents for each row execute function openward.remove_document_file();

create table document_links (
  id          uuid primary key default uuidv7(),
  document_id uuid not null references documents on delete cascade,
  user_id     uuid not null,
  expires_at  timestamptz not null,
  used_at     timestamptz
);
create index document_links_document on document_links (document_id);
create index document_links_expired on document_links (expires_at);
grant select, insert, delete on document_links to openward_app;
grant update (used_at) on document_links to openward_app;
alter table document_links enable row level security;
-- Whoever does not reach the document, any more, does not reach its links.
create policy reach on document_links to openward_app using (exists (select from documents d where d.id = document_id));

-- How much a user has added within a day, past row-level security: whoever loses sight of a record has uploaded to it all the same.
create function openward.uploads_of(p_user uuid) returns table (count integer, bytes double precision)
language sql stable security definer set search_path = public, pg_temp as $$
  select count(*)::integer, coalesce(sum(size_bytes), 0)::double precision
    from documents where uploaded_by = p_user and uploaded_at > now() - interval '1 day'
$$;
revoke all on function openward.uploads_of from public;
grant execute on function openward.uploads_of to openward_app;
