-- A trigger for each row does not see a table that is emptied as a whole.
create function openward.refuse_emptying() returns trigger language plpgsql as $$
begin
  raise exception 'what is signed is never changed' using errcode = 'OW423', table = tg_table_name;
end $$;
create trigger never_emptied before truncate on assessments execute function openward.refuse_emptying();
create trigger never_emptied before truncate on assessment_versions execute function openward.refuse_emptying();
create trigger never_emptied before truncate on clinical_notes execute function openward.refuse_emptying();
create trigger never_emptied before truncate on clinical_note_versions execute function openward.refuse_emptying();
create trigger never_emptied before truncate on prescriptions execute function openward.refuse_emptying();

-- A visit has the date of the day on which it was opened, also when somebody comes on another day than that of the appointment.
create or replace function openward.open_visit_at_check_in() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare v_department uuid; v_visit uuid;
begin
  select department_id into v_department from doctors where id = new.doctor_id;
  if v_department is null then return null; end if;
  insert into visits (visit_number, patient_id, appointment_id, doctor_id, department_id, type, priority, created_by)
  values (openward.next_number('visit_numbers', 'VS', (now() at time zone (select timezone from doctors where id = new.doctor_id))::date),
          new.patient_id, new.id, new.doctor_id, v_department,
          case new.kind when 'telemedicine' then 'telemedicine' else 'outpatient' end,
          case new.priority when 'emergency' then 1 when 'urgent' then 2 else 3 end,
          nullif(openward.setting('user_id'), '')::uuid)
  on conflict (patient_id, department_id) where is_open do nothing
  returning id into v_visit;
  if v_visit is null then
    update visits set appointment_id = new.id, doctor_id = coalesce(doctor_id, new.doctor_id), updated_at = now(), version = version + 1
     where patient_id = new.patient_id and department_id = v_department and is_open and appointment_id is null returning id into v_visit;
    if v_visit is not null then
      insert into events (type, subject_type, subject_id, patient_id, payload)
      values ('visit.updated', 'visit', v_visit, new.patient_id, '{"fields": ["appointment_id"]}');
    end if;
    return null;
  end if;
  insert into visit_history (visit_id, patient_id, user_id, to_status)
  values (v_visit, new.patient_id, nullif(openward.setting('user_id'), '')::uuid, 'registered');
  insert into events (type, subject_type, subject_id, patient_id, payload)
  values ('visit.opened', 'visit', v_visit, new.patient_id,
          jsonb_build_object('department_id', v_department, 'doctor_id', new.doctor_id, 'appointment_id', new.id));
  return null;
end $$;
