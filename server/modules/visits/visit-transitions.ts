// The life of a visit. Pure.
import type { VisitStatus } from './visit.contract.ts'

export const visitTransitions: Record<VisitStatus, readonly VisitStatus[]> = {
  registered: ['triaged', 'left_without_being_seen', 'cancelled'],
  triaged: ['in_progress', 'left_without_being_seen', 'cancelled'],
  in_progress: ['completed', 'admitted'],
  admitted: ['discharged'],
  completed: ['in_progress'],
  discharged: ['in_progress'],
  left_without_being_seen: [],
  cancelled: [],
}

/** What ends by itself only when nothing is left open. */
export const endings: readonly VisitStatus[] = ['completed', 'discharged']

/** An ended visit is opened again for a correction only: by an administrator, with a reason. */
export function isCorrection(from: VisitStatus, to: VisitStatus): boolean {
  return endings.includes(from) && to === 'in_progress'
}

/** What becomes of the appointment that somebody came with. A correction leaves it as it is: a completed one stays so. */
export const followedBy: Partial<Record<VisitStatus, 'in_progress' | 'completed' | 'cancelled'>> = {
  in_progress: 'in_progress',
  admitted: 'in_progress',
  completed: 'completed',
  discharged: 'completed',
  left_without_being_seen: 'cancelled',
  cancelled: 'cancelled',
}
