import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isConsistent, isIncluded } from './merkle.ts'
import { proveConsistency, proveInclusion } from './prove.ts'
import { startSealedLog } from './testing.ts'

test('every entry is proved to be under every published root that counts it, and under no other', async () => {
  await using log = await startSealedLog()
  let proved = 0
  for (const { tree_size, root_hash } of log.published) {
    for (const [index, id] of log.ids.entries()) {
      const inclusion = await proveInclusion(log.owner, id, tree_size)
      assert.equal(inclusion === undefined, index >= tree_size)
      if (inclusion === undefined) continue
      const { seq, leaf_hash, proof } = inclusion
      assert.equal(seq, index + 1)
      assert.ok(isIncluded({ index, size: tree_size, leaf_hash, root_hash, proof }))
      assert.ok(!isIncluded({ index: index + 1, size: tree_size, leaf_hash, root_hash, proof }))
      proved++
    }
  }
  assert.equal(proved, 60)
})

test('each published root is proved to continue those before it, until a leaf between is altered', async () => {
  await using log = await startSealedLog()
  const holds = async (from: number, to: number) => {
    const [one, other] = [log.published[from], log.published[to]]
    assert.ok(one !== undefined && other !== undefined)
    const proof = await proveConsistency(log.owner, one.tree_size, other.tree_size)
    const sizes = { old_size: one.tree_size, size: other.tree_size }
    return isConsistent({ ...sizes, old_root: one.root_hash, root_hash: other.root_hash, proof })
  }
  assert.deepEqual([await holds(0, 1), await holds(0, 2), await holds(1, 2)], [true, true, true])
  await log.owner.query('update audit_leaves set leaf_hash = sha256(leaf_hash) where seq = 25')
  assert.deepEqual([await holds(0, 1), await holds(0, 2), await holds(1, 2)], [true, false, false])
})

test('nothing is proved over leaves that are missing', async () => {
  await using log = await startSealedLog()
  await log.owner.query('delete from audit_leaves where seq = 25')
  await assert.rejects(proveConsistency(log.owner, 20, 30), RangeError)
})
