-- Whoever sees an occurrence sees how it recurs: an occurrence may have been moved to a doctor with whom the series was not booked.
-- Written is in one's own reach only, as before.
alter policy reach on appointment_series using (
  (select openward.setting('reach')) = 'all'
  or openward.may_reach_appointment(patient_id, doctor_id, (select openward.setting('reach')))
  or exists (select from appointments where appointments.series_id = appointment_series.id))
with check (
  (select openward.setting('reach')) = 'all'
  or openward.may_reach_appointment(patient_id, doctor_id, (select openward.setting('reach'))));
