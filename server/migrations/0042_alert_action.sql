-- What somebody did about an alert, in their words: sealed with the patient's key.

alter table assessment_alerts
  add column key_id uuid references patient_keys,
  add column sealed_action bytea,
  add constraint assessment_alerts_action check ((sealed_action is null) = (key_id is null) and (sealed_action is null or acknowledged_at is not null));
