import { implement, type Route } from '#platform/http/mount.ts'
import type { Calendars } from '#modules/doctors'
import { appointmentApi } from './appointment.contract.ts'
import { getAppointment, getHistory, listAppointments, listOfDoctor, listOfPatient } from './appointment.service.ts'
import { bookAppointment } from './booking.service.ts'
import { changeDetails } from './details.service.ts'
import { holdApi } from './hold.contract.ts'
import { giveBack, makeHold } from './hold.service.ts'
import { rescheduleAppointment } from './reschedule.service.ts'
import { seriesApi } from './series.contract.ts'
import { changeSeries } from './series-change.service.ts'
import { bookSeries, getSeries, planSeries } from './series.service.ts'
import { cancelAppointment, setStatus } from './status.service.ts'

export function appointmentRoutes(calendars: Calendars): Route[] {
  return [
    ...implement('appointments', appointmentApi, {
      book: (ctx, { body }) => bookAppointment(ctx, calendars, body),
      list: (ctx, { query }) => listAppointments(ctx, query),
      listOfDoctor: (ctx, { params, query }) => listOfDoctor(ctx, calendars, params.doctor_id, query),
      listOfPatient: (ctx, { params, query }) => listOfPatient(ctx, params.patient_id, query),
      get: (ctx, { params }) => getAppointment(ctx, params.appointment_id),
      history: (ctx, { params }) => getHistory(ctx, params.appointment_id),
      reschedule: (ctx, { params, body }) => rescheduleAppointment(ctx, calendars, params.appointment_id, body),
      changeDetails: (ctx, { params, body }) => changeDetails(ctx, params.appointment_id, body),
      cancel: (ctx, { params, body }) => cancelAppointment(ctx, params.appointment_id, body),
      setStatus: (ctx, { params, body }) => setStatus(ctx, params.appointment_id, body),
    }),
    ...implement('holds', holdApi, {
      make: (ctx, { body }) => makeHold(ctx, calendars, body),
      release: (ctx, { params }) => giveBack(ctx, params.hold_id),
    }),
    ...implement('series', seriesApi, {
      plan: (ctx, { body }) => planSeries(ctx, calendars, body),
      book: (ctx, { body }) => bookSeries(ctx, calendars, body),
      get: (ctx, { params }) => getSeries(ctx, params.series_id),
      change: (ctx, { params, body }) => changeSeries(ctx, calendars, params.series_id, body),
    }),
  ]
}
