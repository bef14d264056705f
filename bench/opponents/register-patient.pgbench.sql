-- What the database does for one registration, with the values already computed: the person, their key, four search tokens,
-- the audit entry and the event, in one statement and one commit. The bytes are random, as sealed ones are.
with seed as materialized (
  select uuidv7() as patient_id, uuidv7() as key_id, uuid_send(gen_random_uuid()) as random
), sealed as materialized (
  select patient_id, key_id, random, sha256(random) || sha256(random || '1') as block from seed
), new_patient as (
  insert into patients (id, patient_number, key_id, sealed_card, sealed_contact, sealed_identifiers, gender, is_complete,
                        registered_date)
  select patient_id, openward.next_number('patient_numbers', 'PT', current_date), key_id, block || block || block || block,
         block || block || block || block || block, block || block, 'FEMALE', true, current_date
  from sealed
  returning id
), new_key as (
  insert into patient_keys (id, patient_id, kek_id, wrapped)
  select key_id, patient_id, 'first', block from sealed
), new_tokens as (
  insert into patient_tokens (patient_id, kind, key_version, token)
  select patient_id, kind, 1, sha256(random || kind::bytea)
  from sealed, unnest(array['ssn', 'phone', 'email', 'name_birth_date']) as kind
), new_event as (
  insert into events (type, subject_type, subject_id, patient_id) select 'patient.registered', 'patient', patient_id, patient_id
  from sealed
), new_audit as (
  insert into audit_logs (user_id, role, session_id, ip_address, user_agent, action, resource_type, resource_id, patient_id,
                          outcome, correlation_id, key_id, sealed_changes)
  select key_id, 'staff', key_id, '127.0.0.1', 'bench', 'patients.create', 'patient', patient_id, patient_id, 'success',
         patient_id::text, key_id, block || block || block
  from sealed
)
select id from new_patient;
