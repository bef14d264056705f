// Figures: everybody's for the administrator, their own for doctors. What they mean is no secret.
import { adminOnly, only, type Row, signedIn } from './row.ts'

/** `analytics:read`: admin all, a doctor the own figures. */
const counted = only('admin treating away_doctor')

export const figureRows: readonly Row[] = [
  { operation: 'GET /api/v1/metrics-catalogue', expect: signedIn },
  { operation: 'GET /api/v1/analytics/doctor-utilization', expect: counted },
  { operation: 'GET /api/v1/analytics/appointment-trends', expect: counted },
  { operation: 'GET /api/v1/analytics/resource-usage', expect: adminOnly },
  { operation: 'GET /api/v1/admin/analytics', expect: adminOnly },
]
