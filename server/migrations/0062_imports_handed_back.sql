-- An import goes on after its server has ended: another one reads the file again, behind the rows that are counted. The file lies
-- here sealed, in pieces, until the import has ended.
create table patient_import_pieces (
  import_id    uuid not null references patient_imports on delete cascade,
  position     integer not null,
  key_id       uuid not null references system_keys,
  sealed_piece bytea not null,
  primary key (import_id, position)
);
-- Sealed bytes do not get smaller by compressing them.
alter table patient_import_pieces alter column sealed_piece set storage external;
grant select, insert, delete on patient_import_pieces to openward_app;

-- Under whose name its entries are written, and how often it was taken over without a row done since.
alter table patient_imports add column started_by jsonb;
alter table patient_imports add column attempts integer not null default 0;

-- A dry run writes nothing that it could go on from: it begins again.
grant delete on patient_import_findings to openward_app;
