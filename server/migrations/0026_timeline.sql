-- A page of the timeline is as cheap with ten thousand documents or assessments as with ten.
create index documents_timeline on documents (patient_id, uploaded_at desc, id desc) where deleted_at is null;
create index assessments_timeline on assessments (patient_id, finalized_at desc, id desc) where finalized_at is not null;
