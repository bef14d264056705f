// Whether a history of overlapping operations can be told as one after another: a search after Wing and Gong (Testing and Verifying
// Concurrent Objects, 1993) that remembers where it has been, as Lowe's does (Testing for Linearizability, 2017).

/** One operation as its client saw it. Of a call whose answer was lost, `output` is undefined: it may have taken effect, or never. */
export type Operation<Input, Output> = {
  client: number
  input: Input
  output: Output | undefined
  /** Order of the moments at which it was called and answered; no two are the same. */
  called: number
  answered: number
}

export type Model<State, Input, Output> = {
  initial: State
  /** The state after it, or undefined where it cannot have been answered so. Asked without an output, any effect that it can have. */
  step: (state: State, input: Input, output: Output | undefined) => State | undefined
  /** Whether what was answered so leaves every state in which it can be answered so as it is. */
  observes: (input: Input, output: Output) => boolean
  /** The same text for states that cannot be told apart. */
  keyOf: (state: State) => string
}

export type Verdict<Input, Output> =
  | { is_linearizable: true; order: Operation<Input, Output>[]; visited: number }
  | { is_linearizable: false; longest: Operation<Input, Output>[]; stuck: Operation<Input, Output>[]; visited: number }

/** A place in the search: everything before `first` is told, and so is what is in `ahead`. */
type Place<State> = {
  first: number
  ahead: ReadonlySet<number>
  state: State
  told: Told | undefined
}
type Told = { index: number; before: Told | undefined; count: number }

/** Looks for an order in which every answer is right and nothing is told before something that was answered before its call. */
export function findOrder<State, Input, Output>(
  { initial, step, observes, keyOf }: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
): Verdict<Input, Output> {
  const operations = history.toSorted((one, other) => one.called - other.called)
  const endOf = ({ output, answered }: Operation<Input, Output>) => (output === undefined ? Infinity : answered)
  const visited = new Set<string>()
  const open: Place<State>[] = [{ first: 0, ahead: new Set(), state: initial, told: undefined }]
  let longest: Place<State> | undefined

  for (let place = open.pop(); place; place = open.pop()) {
    const known = `${place.first} ${[...place.ahead].toSorted((a, b) => a - b).join()} ${keyOf(place.state)}`
    if (visited.has(known)) continue
    visited.add(known)
    if ((place.told?.count ?? 0) >= (longest?.told?.count ?? 0)) longest = place
    const next = candidates(operations, place, endOf)
    // What is left was never answered: it may never have happened.
    if (remaining(operations, place).every(({ output }) => output === undefined)) {
      return { is_linearizable: true, order: told(operations, place), visited: visited.size }
    }
    const steps = next.flatMap((index) => {
      const operation = operations[index]
      const state = operation && step(place.state, operation.input, operation.output)
      return state === undefined ? [] : [{ index, state }]
    })
    // What only observes can be told as soon as it fits: any order that tells it later is as right with it here.
    const still = steps.find(({ index }) => {
      const operation = operations[index]
      return operation?.output !== undefined && observes(operation.input, operation.output)
    })
    for (const { index, state } of still ? [still] : steps) open.push(after(place, index, state))
  }
  const stuck = longest ? candidates(operations, longest, endOf).flatMap((index) => operations[index] ?? []) : []
  return { is_linearizable: false, longest: longest ? told(operations, longest) : [], stuck, visited: visited.size }
}

/** What may come next: called before anything that is left was answered. */
function candidates<Input, Output>(
  operations: readonly Operation<Input, Output>[],
  { first, ahead }: Place<unknown>,
  endOf: (operation: Operation<Input, Output>) => number,
): number[] {
  const found: number[] = []
  let earliest_end = Infinity
  for (let index = first; index < operations.length; index += 1) {
    const operation = operations[index]
    if (!operation || operation.called > earliest_end) break
    if (ahead.has(index)) continue
    found.push(index)
    earliest_end = Math.min(earliest_end, endOf(operation))
  }
  return found
}

function after<State>({ first, ahead, told: before }: Place<State>, index: number, state: State): Place<State> {
  const rest = new Set(ahead).add(index)
  let next = first
  while (rest.delete(next)) next += 1
  return { first: next, ahead: rest, state, told: { index, before, count: (before?.count ?? 0) + 1 } }
}

function remaining<Input, Output>(operations: readonly Operation<Input, Output>[], { first, ahead }: Place<unknown>) {
  return operations.filter((_, index) => index >= first && !ahead.has(index))
}

function told<Input, Output>(operations: readonly Operation<Input, Output>[], place: Place<unknown>) {
  const order: Operation<Input, Output>[] = []
  for (let step = place.told; step; step = step.before) order.unshift(...operations.slice(step.index, step.index + 1))
  return order
}

/** Records operations with the order of their moments. */
export function recordHistory<Input, Output>() {
  const history: Operation<Input, Output>[] = []
  let moment = 0
  return {
    history,
    /** Runs and records one call; undefined stands for an answer that says nothing of the outcome. */
    record: async (client: number, input: Input, run: () => Promise<Output | undefined>): Promise<void> => {
      const called = (moment += 1)
      const output = await run()
      const answered = (moment += 1)
      history.push({ client, input, output, called, answered })
    },
  }
}
