import { implement, type Route } from '#platform/http/mount.ts'
import type { Calendars } from '#modules/doctors'
import { appointmentApi } from './appointment.contract.ts'
import { getAppointment, getHistory, listAppointments, listOfDoctor, listOfPatient } from './appointment.service.ts'
import { bookAppointment } from './booking.service.ts'
import { cancelAppointment, rescheduleAppointment, setStatus } from './change.service.ts'

export function appointmentRoutes(calendars: Calendars): Route[] {
  return implement('appointments', appointmentApi, {
    book: (ctx, { body }) => bookAppointment(ctx, calendars, body),
    list: (ctx, { query }) => listAppointments(ctx, query),
    listOfDoctor: (ctx, { params, query }) => listOfDoctor(ctx, calendars, params.doctor_id, query),
    listOfPatient: (ctx, { params, query }) => listOfPatient(ctx, params.patient_id, query),
    get: (ctx, { params }) => getAppointment(ctx, params.appointment_id),
    history: (ctx, { params }) => getHistory(ctx, params.appointment_id),
    reschedule: (ctx, { params, body }) => rescheduleAppointment(ctx, calendars, params.appointment_id, body),
    cancel: (ctx, { params, body }) => cancelAppointment(ctx, params.appointment_id, body),
    setStatus: (ctx, { params, body }) => setStatus(ctx, params.appointment_id, body),
  })
}
