// What a piece of work asks for, collected until it travels: statements, and the entries and events that go with them.
import { type AuditEntry, insertAuditEntries } from '#platform/audit/record.ts'
import { certain } from '#platform/certain.ts'
import { type DomainEvent, insertEvents } from '#platform/events/outbox.ts'
import type { Answer, Outcome } from './batch.ts'
import type { Sql } from './sql.ts'

/**
 * One statement for any number of inputs, which gives each of them a row at most: `at` counts the inputs from 1. Inputs of
 * different requests share it, so none may depend on what it does for another.
 */
export type Crowd<Input, Row> = (inputs: readonly Input[]) => Sql<Row & { at: number }>

export type Tx = {
  rows<Row>(statement: Sql<Row>): Promise<Row[]>
  first<Row>(statement: Sql<Row>): Promise<Row | undefined>
  /** Of a statement that always gives a row. @throws Error when it gives none: a bug */
  one<Row>(statement: Sql<Row>): Promise<Row>
  /** The number of rows that the statement touched. */
  run(statement: Sql): Promise<number>
  /** The row of this input; with those of others in one statement where they travel together. */
  among<Input, Row>(crowd: Crowd<Input, Row>, input: Input): Promise<Row | undefined>
  /** Records an entry that commits with the change or not at all. */
  audit(entry: AuditEntry): void
  emit(event: DomainEvent): void
}

/** What is asked: `statement` by itself, or `among` others who ask the same. */
export type Asked = { readonly statement: Sql; readonly among?: Among }
export type Among = { crowd: Crowd<unknown, unknown>; input: unknown }
export type Queued = Asked & { resolve: (answer: Answer) => void; reject: (error: Error) => void }

export function askAmong<Input, Row>(crowd: Crowd<Input, Row>, input: Input): Asked {
  let alone: Sql | undefined
  return {
    among: { crowd: crowd as Crowd<unknown, unknown>, input },
    get statement() {
      return (alone ??= crowd([input]))
    },
  }
}

/** One statement to send, and whom to tell what it answers. */
export type Sent = { statement: Sql; tell: (answer: Answer) => void }

/** Those who ask the same of a crowd share its statement. */
export function shareStatements(all: readonly { asked: Asked; tell: (answer: Answer) => void }[]): Sent[] {
  const crowds = new Map<Among['crowd'], { input: unknown; tell: (answer: Answer) => void }[]>()
  const sent: Sent[] = []
  for (const { asked, tell } of all) {
    if (!asked.among) sent.push({ statement: asked.statement, tell })
    else {
      const { crowd, input } = asked.among
      const others = crowds.get(crowd)
      if (others) others.push({ input, tell })
      else crowds.set(crowd, [{ input, tell }])
    }
  }
  for (const [crowd, members] of crowds) {
    const tell = ({ rows, command }: Answer) => {
      const rowsOf = Map.groupBy(rows as { at: number }[], ({ at }) => at)
      for (const [index, member] of members.entries()) {
        const own = rowsOf.get(index + 1) ?? []
        member.tell({ rows: own, count: own.length, command })
      }
    }
    sent.push({ statement: crowd(members.map(({ input }) => input)), tell })
  }
  return sent
}

/**
 * Tells each statement its answer. Those behind one that failed were not run; they are told a turn later, so that work which
 * waits for all of them learns the cause and not its consequence.
 */
export function settle(asked: readonly Queued[], { answers, error }: Outcome) {
  answers.forEach((answer, index) => asked[index]?.resolve(answer))
  if (!error) return
  const [failed, ...skipped] = asked.slice(answers.length)
  failed?.reject(error)
  if (skipped.length === 0) return
  setImmediate(() => {
    for (const { reject } of skipped) reject(new Error('not run: a statement before it failed', { cause: error }))
  })
}

/** Collects what a piece of work asks for. `ready` is called once for each turn in which something was queued. */
export function openQueue(completed: (entry: AuditEntry) => AuditEntry, ready?: () => void) {
  const entries: AuditEntry[] = []
  const events: DomainEvent[] = []
  let waiting: Queued[] = []
  let isOpen = true
  const query = (asked: Asked): Promise<Answer> => {
    if (!isOpen) {
      return Promise.reject(
        new Error('this transaction has ended: every statement of `once` is queued before its function returns'),
      )
    }
    const answer = new Promise<Answer>(
      (resolve, reject) => void waiting.push(Object.assign(asked, { resolve, reject })),
    )
    if (waiting.length === 1) queueMicrotask(() => (isOpen ? ready?.() : undefined))
    return answer
  }
  const take = () => {
    const taken = waiting
    waiting = []
    return taken
  }
  const shut = () => {
    isOpen = false
    return { asked: take(), entries: entries.splice(0), events: events.splice(0) }
  }
  const ask = <T>(asked: Asked, read: (answer: Answer) => T): Promise<T> => {
    const answer = query(asked)
    const result = answer.then(read)
    // Whoever does not wait for this statement, or no longer, learns of its failure from the transaction.
    answer.catch(() => void result.catch(() => undefined))
    return result
  }
  const tx: Tx = {
    rows: <Row>(statement: Sql<Row>) => ask({ statement }, ({ rows }) => rows as Row[]),
    first: <Row>(statement: Sql<Row>) => ask({ statement }, ({ rows }) => rows[0] as Row | undefined),
    one: <Row>(statement: Sql<Row>) => ask({ statement }, ({ rows }) => certain(rows[0] as Row | undefined, 'row')),
    run: (statement) => ask({ statement }, ({ count }) => count),
    among: <Input, Row>(crowd: Crowd<Input, Row>, input: Input) =>
      ask(askAmong(crowd, input), ({ rows }) => rows[0] as Row | undefined),
    audit: (entry) => void entries.push(completed(entry)),
    emit: (event) => void events.push(event),
  }
  return {
    tx,
    take,
    /** The statements still waiting, and what is to be recorded with them. */
    shut,
    /** The statements still waiting, and those that record entries and events; whether there are such events. */
    close() {
      const { asked, ...told } = shut()
      const recording: Sql[] = []
      if (told.entries.length > 0) recording.push(insertAuditEntries(told.entries))
      if (told.events.length > 0) recording.push(insertEvents(told.events))
      return { asked, recording, emits: told.events.length > 0 }
    },
  }
}

export const isWrite = (asked: Asked) =>
  asked.among !== undefined || /\b(insert into|update|delete from)\b/i.test(asked.statement.text)
