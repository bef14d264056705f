import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openCircuit } from './circuit.ts'

describe('a circuit breaker', () => {
  const begin = () => {
    let now = 0
    const circuit = openCircuit({ failures_limit: 3, pause_ms: 1000, now_ms: () => now })
    const fail = () => {
      assert.ok(circuit.mayCall())
      circuit.failed()
    }
    return { circuit, fail, pass: (milliseconds: number) => void (now += milliseconds) }
  }

  it('lets calls through until so many have failed in a row', () => {
    const { circuit, fail } = begin()
    fail()
    fail()
    assert.ok(circuit.mayCall())
    circuit.succeeded()
    fail()
    fail()
    assert.ok(circuit.mayCall(), 'a success begins the count anew')
    circuit.failed()
    assert.equal(circuit.mayCall(), false)
  })

  it('lets one try after the pause, and the others once that one succeeded', () => {
    const { circuit, fail, pass } = begin()
    for (let times = 0; times < 3; times += 1) fail()
    pass(999)
    assert.equal(circuit.mayCall(), false)
    pass(1)
    assert.ok(circuit.mayCall())
    assert.equal(circuit.mayCall(), false, 'one tries, the others wait for it')
    circuit.succeeded()
    assert.ok(circuit.mayCall() && circuit.mayCall())
  })

  it('pauses again when the one that tried has failed', () => {
    const { circuit, fail, pass } = begin()
    for (let times = 0; times < 3; times += 1) fail()
    pass(1000)
    fail()
    assert.equal(circuit.mayCall(), false)
    pass(1000)
    assert.ok(circuit.mayCall())
  })
})
