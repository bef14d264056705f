-- Prescriptions: drafted, checked, signed, and never changed afterwards.

create sequence prescription_numbers;
grant usage on sequence prescription_numbers to openward_app;

alter table signing_keys drop constraint signing_keys_purpose_check;
alter table signing_keys add constraint signing_keys_purpose_check check (purpose in ('access_token', 'audit_root', 'prescription'));

create table prescriptions (
  id                   uuid primary key default uuidv7(),
  prescription_number  text not null constraint prescriptions_number unique,
  patient_id           uuid not null constraint prescriptions_patient references patients,
  doctor_id            uuid not null constraint prescriptions_doctor references doctors,
  appointment_id       uuid constraint prescriptions_appointment references appointments,
  visit_id             uuid,
  replaces_id          uuid constraint prescriptions_replaces references prescriptions,
  status               text not null default 'draft' check (status in ('draft', 'signed', 'dispensed', 'cancelled', 'expired')),
  key_id               uuid not null references patient_keys,
  sealed_content       bytea not null,
  sealed_check         bytea,
  rule_set_version     text,
  verification_code    text constraint prescriptions_code unique,
  signing_key_id       text references signing_keys,
  signature            bytea,
  signed_at            timestamptz,
  expires_at           timestamptz,
  dispensed_at         timestamptz,
  dispensed_by         uuid,
  cancelled_at         timestamptz,
  cancelled_by         uuid,
  sealed_cancel_reason bytea,
  created_at           timestamptz not null default now(),
  updated_at           timestamptz not null default now(),
  version              integer not null default 1,
  constraint prescriptions_signed_whole check (
    num_nonnulls(verification_code, signing_key_id, signature, signed_at, expires_at, sealed_check) in (0, 6)),
  constraint prescriptions_draft_unsigned check (status <> 'draft' or signed_at is null),
  constraint prescriptions_in_force_signed check (status in ('draft', 'cancelled') or signed_at is not null),
  constraint prescriptions_dispensed check ((status = 'dispensed') = (dispensed_at is not null)),
  constraint prescriptions_cancelled check ((status = 'cancelled') = (cancelled_at is not null))
);
comment on column prescriptions.sealed_content is 'notes and medicines; once signed, the very text that was signed';
comment on column prescriptions.sealed_check is 'what the rules found when it was signed, and what was overridden';
-- One that was cancelled makes way for the one that replaces it.
create unique index prescriptions_one_an_appointment on prescriptions (appointment_id) where status <> 'cancelled';
create unique index prescriptions_one_replacement on prescriptions (replaces_id) where status <> 'cancelled';
create index prescriptions_replaced on prescriptions (replaces_id) where replaces_id is not null;
create index prescriptions_of_patient on prescriptions (patient_id, created_at desc, id desc);
create index prescriptions_signed_of_patient on prescriptions (patient_id, signed_at desc, id desc) where signed_at is not null;
create index prescriptions_of_doctor on prescriptions (doctor_id, created_at desc, id desc);
create index prescriptions_created on prescriptions (created_at desc, id desc);
create index prescriptions_expiring on prescriptions (expires_at) where status = 'signed';
grant select, insert, update on prescriptions to openward_app;
call openward.protect('prescriptions', 'prescriptions.patient_id');

-- Where this version serves visits; in the reach of whoever asks.
create function openward.patient_of_visit(p_visit uuid) returns uuid language plpgsql stable as $$
declare v_patient uuid;
begin
  if p_visit is not null and to_regclass('public.visits') is not null then
    execute 'select patient_id from visits where id = $1' into v_patient using p_visit;
  end if;
  return v_patient;
end $$;
do $$ begin
  if to_regclass('public.visits') is not null then
    alter table prescriptions add constraint prescriptions_visit foreign key (visit_id) references visits;
  end if;
end $$;

-- While it is signed, it may be dispensed, cancelled or expire; then nothing more.
create trigger signed_kept before update or delete on prescriptions for each row when (old.status = 'signed')
  execute function openward.keep_what_is_signed('status', 'version', 'updated_at', 'dispensed_at', 'dispensed_by', 'cancelled_at',
                                                'cancelled_by', 'sealed_cancel_reason');
create trigger ended_kept before update or delete on prescriptions for each row when (old.status in ('dispensed', 'cancelled', 'expired'))
  execute function openward.keep_what_is_signed();

-- What anyone with the code of a prescription is told rests on this one row, whoever's it is.
create function openward.prescription_to_verify(p_code text)
returns table (id uuid, patient_id uuid, prescription_number text, doctor_id uuid, status text, is_over boolean, is_replaced boolean,
               sealed_content bytea, key_id uuid, kek_id text, wrapped bytea, signature bytea, public_key text)
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select p.id, p.patient_id, p.prescription_number, p.doctor_id, p.status, p.expires_at <= now(),
           exists (select from prescriptions r where r.replaces_id = p.id and r.signed_at is not null),
           p.sealed_content, k.id, k.kek_id, k.wrapped, p.signature, s.public_key
      from prescriptions p join patient_keys k on k.id = p.key_id join signing_keys s on s.id = p.signing_key_id
     where p.verification_code = p_code;
end $$;
revoke all on function openward.prescription_to_verify from public;
grant execute on function openward.prescription_to_verify to openward_app;

-- Handing out, and signing where no rules are at hand to check by: the latter is given by hand, with care.
update roles set permissions = permissions || array['prescriptions:dispense', 'prescriptions:sign-unchecked'], version = version + 1
 where name = 'admin';
update roles set permissions = permissions || array['prescriptions:dispense:department', 'prescriptions:dispense:own'], version = version + 1
 where name = 'doctor';
update roles set permissions = permissions || array['prescriptions:dispense:department'], version = version + 1 where name = 'nurse';
