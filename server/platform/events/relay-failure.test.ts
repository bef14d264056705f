import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { conflict, notFound, overloaded, Problem, unavailable } from '#platform/contract/problem.ts'
import { IntegrityError, KeyUnavailable } from '#platform/encryption/failures.ts'
import { faultOf } from './relay-failure.ts'

const ofDatabase = (code: string) => Object.assign(new Error('refused'), { severity: 'ERROR', code })
const unreachable = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })

describe('the fault of an event that could not be relayed', () => {
  const faults: [what: string, error: unknown, fault: ReturnType<typeof faultOf>][] = [
    ['a database that is away', new Problem(unavailable, {}, unreachable), 'away'],
    ['a database that was not asked', unreachable, 'away'],
    ['a database that is stopped', ofDatabase('57P01'), 'away'],
    ['a lock that is held', new Problem(unavailable, {}, ofDatabase('55P03')), 'busy'],
    ['a deadlock, again and again', new Problem(conflict, {}, ofDatabase('40P01')), 'busy'],
    ['no connection to be had', new Problem(overloaded), 'busy'],
    ['a key that is not here', new KeyUnavailable('key'), 'keyless'],
    ['a damaged record', new IntegrityError('patients.sealed_contact', 'row'), 'own'],
    ['a refusal', new Problem(notFound), 'own'],
    ['a refused statement', ofDatabase('23505'), 'own'],
    ['a bug', new TypeError('x'), 'own'],
  ]
  for (const [what, error, fault] of faults) {
    it(`is ${fault} for ${what}`, () => assert.equal(faultOf(error), fault))
  }
})
