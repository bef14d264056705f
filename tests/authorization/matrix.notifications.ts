// What patients are told of their appointments.
import { only, type Row } from './row.ts'

const appointment = only('own treating nurse staff admin', 'other away_doctor away_nurse')
const chart = only('own treating nurse staff admin', 'other away_doctor away_nurse')

export const notificationRows: readonly Row[] = [
  { operation: 'GET /api/v1/appointments/{appointment_id}/notices', expect: appointment },
  { operation: 'GET /api/v1/patients/{patient_id}/notification-preferences', expect: chart },
  { operation: 'PUT /api/v1/patients/{patient_id}/notification-preferences', expect: chart },
]
