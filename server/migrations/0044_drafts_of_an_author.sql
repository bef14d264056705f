-- What waits for the signature of somebody is found by who began it.
create index clinical_notes_drafts on clinical_notes (author_id, id) where status = 'draft';
create index assessments_unsigned on assessments (author_id, id) where status in ('draft', 'preliminary');
