-- Which documents a signed assessment names: they stay in the record for as long as it does. The names themselves are sealed with
-- what was signed; a row here says no more than that there is one.

create table assessment_documents (
  assessment_id uuid not null references assessments,
  document_id   uuid not null references documents on delete cascade,
  constraint assessment_documents_once primary key (assessment_id, document_id)
);
create index assessment_documents_document on assessment_documents (document_id);
grant select, insert, delete on assessment_documents to openward_app;
alter table assessment_documents enable row level security;
-- Whoever does not reach the document does not reach what names it.
create policy reach on assessment_documents to openward_app using (exists (select from documents d where d.id = document_id));
