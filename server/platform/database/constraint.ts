// A violated constraint is a promise that the database kept: here it becomes the problem it stands for.
import { Problem, type ProblemKind } from '#platform/contract/problem.ts'
import { isDatabaseError } from './connection.ts'

/** The name of the constraint that refused a statement, or undefined. */
export function violatedConstraint(error: unknown): string | undefined {
  return isDatabaseError(error) && error.code.startsWith('23') ? error.constraint : undefined
}

/**
 * For `.catch()`: turns a violated constraint into the problem it stands for. A constraint that is not listed stays an
 * unexpected error: the database refused something nobody planned for. PostgreSQL's DETAIL is never passed on.
 */
export function violating(problems: Record<string, ProblemKind>) {
  return (error: unknown): never => {
    const kind = problems[violatedConstraint(error) ?? '']
    throw kind ? new Problem(kind, {}, error) : error
  }
}
