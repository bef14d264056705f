-- What was left open: what an appointment gives ends with it, and a merged record says where it went.

-- Each appointment that stands relates its patient to the doctor and the department that the doctor had when it was given.
-- A cancelled one, or one that is only held while a form is filled, relates nobody; one that moves to another doctor goes along.
-- Here and not in the statements that book, move and cancel, so that no path forgets it. A row for each appointment: with one
-- shared by several, who books while another cancels could lose it.
create function openward.relate_appointment() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if tg_op = 'UPDATE' then
    delete from care_relationships where patient_id = new.patient_id and origin = 'appointment' and origin_id = new.id;
  end if;
  if new.status not in ('held', 'cancelled') then
    insert into care_relationships (patient_id, department_id, doctor_id, origin, origin_id)
    select new.patient_id, doctors.department_id, doctors.id, 'appointment', new.id from doctors where doctors.id = new.doctor_id
    on conflict do nothing;
  end if;
  return null;
end $$;
create trigger related after insert on appointments for each row execute function openward.relate_appointment();
-- Not when the patient changes: a merge takes the relationships along itself, and notes which.
create trigger related_anew after update of status, doctor_id on appointments for each row
  when (old.doctor_id <> new.doctor_id or (old.status in ('held', 'cancelled')) <> (new.status in ('held', 'cancelled')))
  execute function openward.relate_appointment();

insert into care_relationships (patient_id, department_id, doctor_id, origin, origin_id)
select a.patient_id, doctors.department_id, doctors.id, 'appointment', a.id
  from appointments a join doctors on doctors.id = a.doctor_id
 where a.status not in ('held', 'cancelled')
   and not exists (select from care_relationships c where c.patient_id = a.patient_id and c.doctor_id = a.doctor_id
                    and c.origin = 'appointment' and c.origin_id = a.id);
delete from care_relationships c
 where c.origin = 'appointment'
   and not exists (select from appointments a where a.id = c.origin_id and a.doctor_id = c.doctor_id and a.status not in ('held', 'cancelled'));

-- A record that is part of another is reached as that one is, so that whoever comes with its id or number is told where it went.
alter policy reach on patients using (
  (select openward.setting('reach')) in ('all', 'find')
    or openward.may_reach(case when merged_into is null then id else openward.whole_record(id) end, (select openward.setting('reach'))));

alter table users add column must_change_password boolean not null default false;
comment on column users.must_change_password is 'signed in with a password that others have seen: nothing is done before another one is chosen';
