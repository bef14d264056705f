import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { defineProblem, Problem } from '#platform/contract/problem.ts'
import { IntegrityError, KeyUnavailable } from '#platform/encryption/failures.ts'
import { codeOf, codeOfOutput, JobEnded } from './failure.ts'

const ofDatabase = (code: string) => Object.assign(new Error('names a person'), { severity: 'ERROR', code })

describe('a failed job', () => {
  const failures: [what: string, error: unknown, code: string][] = [
    ['a problem', new Problem(defineProblem('slot_taken', 409, 'Taken')), 'slot_taken'],
    ['a database that is away', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'unavailable'],
    ['a database that is stopped', ofDatabase('57P01'), 'unavailable'],
    ['a refused statement', ofDatabase('23505'), 'database_23505'],
    ['a damaged record', new IntegrityError('patients.sealed_card', 'row'), 'integrity_error'],
    ['a key that is not here', new KeyUnavailable('key'), 'key_unavailable'],
    ['a run that took too long', new JobEnded('too long'), 'timed_out'],
    ['a payload of another version', z.strictObject({}).safeParse({ id: 1 }).error, 'payload_not_understood'],
    ['a bug', new TypeError('names a person'), 'unexpected'],
    ['what is no error', 'names a person', 'unexpected'],
  ]
  for (const [what, error, code] of failures) {
    it(`is told by the code ${code} for ${what}`, () => assert.equal(codeOf(error), code))
  }

  const outputs: [output: unknown, code: string][] = [
    [{ code: 'slot_taken' }, 'slot_taken'],
    [{ message: 'handler execution exceeded 900s' }, 'timed_out'],
    [{ value: { message: 'job timed out' } }, 'timed_out'],
    [{ value: { message: 'job heartbeat timeout' } }, 'server_died'],
    [{ value: 'pg-boss shut down while active' }, 'server_died'],
    [{ message: 'Maria Testperson' }, 'unexpected'],
    [{ code: 7 }, 'unexpected'],
    [null, 'unexpected'],
    [undefined, 'unexpected'],
  ]
  for (const [output, code] of outputs) {
    it(`is read as ${code} from ${JSON.stringify(output)}`, () => assert.equal(codeOfOutput(output), code))
  }
})
