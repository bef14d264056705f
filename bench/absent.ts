// One side of a comparison that this machine, or this checkout, does not have.

/** The row is shown without that side, and its message says why. */
export class AbsentError extends Error {}
