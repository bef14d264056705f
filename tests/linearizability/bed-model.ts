// What beds promise, one operation after another: one holder each, one bed a patient, cleaned between two holders.
import type { Model } from './checker.ts'

export type BedInput =
  | { kind: 'assign'; bed: string; patient: string }
  | { kind: 'release'; bed: string }
  | { kind: 'transfer'; bed: string; to: string }
  | { kind: 'clean'; bed: string }
  | { kind: 'read'; bed: string }

/** `assignment` of what was assigned, released, or begun by a transfer; `code` of a refusal; `status` of what was read or cleaned. */
export type BedOutput = { assignment?: string; code?: string; status?: string }

type Bed = 'available' | 'cleaning' | { assignment: string; patient: string }
export type BedState = ReadonlyMap<string, Bed>

/** Unknown outcomes make an assignment that nobody knows the name of. */
const unnamed = '?'

export function bedModel(beds: readonly string[]): Model<BedState, BedInput, BedOutput> {
  return {
    initial: new Map(beds.map((bed) => [bed, 'available'])),
    observes: ({ kind }, { code }) => kind === 'read' || code !== undefined,
    keyOf: (state) => beds.map((bed) => keyOf(state.get(bed))).join(),
    step: (state, input, output) => {
      if (output === undefined) return unanswered(state, input)
      if (output.code !== undefined) return isRefused(state, input, output.code) ? state : undefined
      return done(state, input, output)
    },
  }
}

const keyOf = (bed: Bed | undefined) => (typeof bed === 'object' ? `${bed.assignment}/${bed.patient}` : bed)
const isHeld = (bed: Bed | undefined) => typeof bed === 'object'
const put = (state: BedState, ...changes: [string, Bed][]): BedState => new Map([...state, ...changes])
const shown = (bed: Bed | undefined) => (typeof bed === 'object' ? 'occupied' : bed)
const holdsBed = (state: BedState, patient: string) =>
  [...state.values()].some((bed) => typeof bed === 'object' && bed.patient === patient)

function done(state: BedState, input: BedInput, { assignment = unnamed, status }: BedOutput): BedState | undefined {
  const bed = state.get(input.bed)
  switch (input.kind) {
    case 'assign': {
      const { patient } = input
      return bed === 'available' && !holdsBed(state, patient)
        ? put(state, [input.bed, { assignment, patient }])
        : undefined
    }
    case 'release':
      return typeof bed === 'object' && [assignment, unnamed].includes(bed.assignment)
        ? put(state, [input.bed, 'cleaning'])
        : undefined
    case 'transfer':
      return typeof bed === 'object' && state.get(input.to) === 'available'
        ? put(state, [input.bed, 'cleaning'], [input.to, { assignment, patient: bed.patient }])
        : undefined
    case 'clean':
      return isHeld(bed) ? undefined : put(state, [input.bed, 'available'])
    case 'read':
      return shown(bed) === status ? state : undefined
  }
}

/** Whether it is refused so in this state. */
function isRefused(state: BedState, input: BedInput, code: string): boolean {
  const bed = state.get(input.bed)
  switch (input.kind) {
    case 'assign':
      if (code === 'patient_has_bed') return holdsBed(state, input.patient)
      return code === 'resource_unavailable' && bed !== 'available' && !holdsBed(state, input.patient)
    case 'release':
      return code === 'not_assigned' && !isHeld(bed)
    case 'transfer':
      if (code === 'not_assigned') return !isHeld(bed)
      return code === 'resource_unavailable' && isHeld(bed) && state.get(input.to) !== 'available'
    case 'clean':
      return code === 'resource_occupied' && isHeld(bed)
    case 'read':
      return false
  }
}

/** It had its effect, where it could have one. */
function unanswered(state: BedState, input: BedInput): BedState {
  return done(state, input, { assignment: unnamed, ...anyStatus(state, input) }) ?? state
}

const anyStatus = (state: BedState, { bed }: BedInput) => {
  const status = shown(state.get(bed))
  return status === undefined ? {} : { status }
}
