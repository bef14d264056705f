// The part of the catalogue that reports show and no analytics do.
import type { Definition } from './metrics.ts'

const opened = 'The moment of opening'
const signed = 'The moment of the first final signature'
const begun = 'The moment of the first draft'

const count = (title: string, numerator: string, exclusions: string, time: string) =>
  ({ title, unit: 'count', numerator, denominator: null, exclusions, time }) as const satisfies Definition

const visits = {
  visits: count('Visits', 'Visits that were opened, by their status now', 'None', opened),
  open: count(
    'Open visits',
    'Visits whose status now is registered, triaged, in_progress or admitted',
    'Every other status',
    opened,
  ),
  completed: count('Completed visits', 'Visits whose status now is completed', 'Every other status', opened),
  discharged: count('Discharged', 'Visits whose status now is discharged', 'Every other status', opened),
  left_without_being_seen: count(
    'Left without being seen',
    'Visits whose status now is that',
    'Every other status',
    opened,
  ),
  cancelled: count('Cancelled visits', 'Visits whose status now is cancelled', 'Every other status', opened),
  ended_minutes: {
    title: 'Length of ended visits',
    unit: 'minutes',
    numerator: 'Time from opening to end of the visits that are completed or discharged, to the minute',
    denominator: null,
    exclusions: 'Visits that are open, were cancelled or left',
    time: opened,
  },
  mean_visit_hours: {
    title: 'Mean visit',
    unit: 'hours',
    numerator: 'ended_minutes',
    denominator: 'completed + discharged; null where that is 0',
    exclusions: 'Those of its parts',
    time: opened,
    quotient: { above: ['ended_minutes'], below: ['completed', 'discharged'], times: 1 / 60 },
  },
} as const satisfies Record<string, Definition>

const prescriptions = {
  prescriptions: count('Prescriptions', 'Prescriptions that were begun, by their status now', 'None', begun),
  draft: count('Drafts', 'Prescriptions whose status now is draft', 'Every other status', begun),
  signed: count('Signed', 'Prescriptions whose status now is signed', 'Every other status', begun),
  dispensed: count('Dispensed', 'Prescriptions whose status now is dispensed', 'Every other status', begun),
  cancelled: count('Cancelled', 'Prescriptions whose status now is cancelled', 'Every other status', begun),
  expired: count('Expired', 'Prescriptions whose status now is expired', 'Every other status', begun),
} as const satisfies Record<string, Definition>

const patients = {
  patients: count(
    'Patients',
    'Active records registered until the end of the period, by age on its last day (today, where that is later) and gender',
    'Deleted, merged and erased records',
    'The local day of registration',
  ),
  new_patients: count(
    'New patients',
    'Those among them that were registered within the period',
    'Deleted, merged and erased records',
    'The local day of registration',
  ),
} as const satisfies Record<string, Definition>

const assessments = {
  assessments: count(
    'Assessments',
    'Of vital_sign: final nursing assessments with that sign. Of fall_risk: with that level on the Morse Fall Scale. Of early_warning: with that band of NEWS2. Of radiology: final readings of that modality. Of alert: alerts for that reason',
    'Drafts and preliminary readings; what no final version says, in its newest version',
    signed,
  ),
  flagged: count(
    'Flagged',
    'Of vital_sign: outside the usual range for the age. Of fall_risk and early_warning: the band high. Of radiology: critical. Of alert: not acknowledged yet',
    'Signs for which there is no range are not flagged',
    signed,
  ),
} as const satisfies Record<string, Definition>

const audit = {
  entries: count('Entries', 'Entries of the audit log, by action, role and outcome', 'None', 'The moment of the entry'),
} as const satisfies Record<string, Definition>

const dashboard = {
  patients: patients.patients,
  new_patients: patients.new_patients,
  open_visits: count(
    'Open visits now',
    'Visits whose status is registered, triaged, in_progress or admitted',
    'None',
    'Now',
  ),
  visits: visits.visits,
  assigned_beds: count('Beds in use now', 'Stays in beds and intensive-care beds that have not ended', 'None', 'Now'),
  places_in_beds: count(
    'Beds in service now',
    'Lanes of beds and intensive-care beds in service or being cleaned',
    'Maintenance, retirement',
    'Now',
  ),
  open_alerts: count('Alerts now', 'Early warnings and critical results that nobody has acknowledged', 'None', 'Now'),
  prescriptions: prescriptions.prescriptions,
} as const satisfies Record<string, Definition>

export const reportMetrics = {
  dashboard,
  patient_statistics: patients,
  visit_volume: visits,
  clinical_assessments: assessments,
  prescriptions,
  audit,
} as const satisfies Record<string, Record<string, Definition>>
