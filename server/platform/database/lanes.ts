// How requests of the same moment are divided among the connections that may carry them.

/** On two cores a third batch only makes the other two wait. */
export const mostInFlight = 2
/** So few are not divided. */
const fewestInABatch = 16

/** Of so many that wait, those for the next batch: the database answers one half while the server works on the other. */
export function shareOf(waiting: number, in_flight: number, most: number): number {
  return Math.min(most, Math.max(fewestInABatch, Math.ceil(waiting / (mostInFlight - in_flight))))
}
