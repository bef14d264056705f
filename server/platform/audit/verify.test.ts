import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signRoot } from './root.ts'
import { cutTail, removeEntries, rewriteLeaf, rewriteLog, rewriteWithKey, swapLeaves } from './tampering.testing.ts'
import { createTestSigner, insertEntries, type SealedLog, sealExactly, startSealedLog } from './testing.ts'
import type { AuditFinding } from './verdict.ts'
import { type VerifyOptions, verifyAudit } from './verify.ts'

test('an untouched log is whole, and agrees with every root published', async () => {
  await using log = await startSealedLog()
  const { last_root, ...verdict } = await verifyAudit(log.owner, log.keys, { outside: log.published })
  assert.deepEqual(verdict, {
    is_whole: true,
    whole_entries: 30,
    purged_entries: 0,
    purges: [],
    unsealed_entries: 0,
    roots: 3,
    agreeing_outside_roots: 3,
    first: null,
    findings: [],
    findings_total: 0,
  })
  assert.deepEqual([last_root?.tree_size, last_root?.root_hash], [30, log.published[2]?.root_hash])
})

test('entries that are not sealed yet are counted apart', async () => {
  await using log = await startSealedLog()
  await insertEntries(log.owner, 4)
  const verdict = await verifyAudit(log.owner, log.keys)
  assert.deepEqual([verdict.is_whole, verdict.unsealed_entries], [true, 4])
})

test('the verdict depends on no setting of the session', async () => {
  await using log = await startSealedLog()
  await log.owner.query(`set timezone = 'Africa/Cairo'; set datestyle = 'German'; set bytea_output = 'escape';
    set extra_float_digits = -10; set intervalstyle = 'sql_standard'; set client_encoding = 'UTF8'`)
  assert.ok((await verifyAudit(log.owner, log.keys, { outside: log.published })).is_whole)
})

const alterations: Record<string, string> = {
  timestamp: `timestamp + interval '1 microsecond'`,
  user_id: 'uuidv7()',
  role: `'doctor'`,
  session_id: 'null',
  ip_address: `'192.0.2.8'`,
  user_agent: `user_agent || ' '`,
  action: `'update'`,
  resource_type: `'document'`,
  resource_id: 'null',
  patient_id: 'uuidv7()',
  outcome: `'denied'`,
  purpose: `''`,
  correlation_id: `'other'`,
  key_id: 'null',
  sealed_changes: `'\\x010204'`,
  details: `details || '{"count": 16}'`,
}

test('an entry altered in any column is named', async () => {
  await using log = await startSealedLog()
  const columns = await log.owner.query<{ name: string }>(
    `select column_name as name from information_schema.columns
      where table_name = 'audit_logs' and column_name not in ('id', 'recorded_xid')`,
  )
  assert.deepEqual(new Set(columns.rows.map(({ name }) => name)), new Set(Object.keys(alterations)))
  for (const [column, value] of Object.entries(alterations)) {
    await log.owner.query('create table kept as select * from audit_logs where id = $1', [log.ids[14]])
    await log.owner.query(`update audit_logs set ${column} = ${value} where id = $1`, [log.ids[14]])
    const verdict = await verifyAudit(log.owner, log.keys)
    assert.deepEqual(place(verdict.first), ['altered', 15, 15, log.ids[14]], column)
    assert.deepEqual([verdict.findings_total, verdict.whole_entries], [1, 29])
    await log.owner.query('delete from audit_logs where id = $1', [log.ids[14]])
    await log.owner.query('insert into audit_logs select * from kept; drop table kept')
    assert.ok((await verifyAudit(log.owner, log.keys)).is_whole, column)
  }
})

test('of two altered entries the first is named first', async () => {
  await using log = await startSealedLog()
  await log.owner.query(`update audit_logs set action = 'x' where id = any($1)`, [[log.ids[24], log.ids[3]]])
  const verdict = await verifyAudit(log.owner, log.keys)
  assert.deepEqual(verdict.findings.map(place), [
    ['altered', 4, 4, log.ids[3]],
    ['altered', 25, 25, log.ids[24]],
  ])
})

type Case = {
  title: string
  tamper: (log: SealedLog) => Promise<unknown>
  options?: (log: SealedLog) => VerifyOptions
  finds: (log: SealedLog) => unknown[]
}

const cases: Case[] = [
  {
    title: 'an entry removed from the middle',
    tamper: (log) => log.owner.query('delete from audit_logs where id = $1', [log.ids[14]]),
    finds: (log) => ['removed', 15, 15, log.ids[14]],
  },
  {
    title: 'an entry removed together with its leaf',
    tamper: (log) => removeEntries(log, 15, 15),
    finds: () => ['removed', 15, 15, null],
  },
  {
    title: 'entries removed with their leaves, and a root among them',
    tamper: async (log) => {
      await removeEntries(log, 9, 12)
      await log.owner.query('delete from audit_roots where tree_size = 10')
    },
    finds: () => ['removed', 9, 12, null],
  },
  {
    title: 'an entry removed with its leaf and the later leaves moved up: the part of the tree in which it was',
    tamper: async (log) => {
      await removeEntries(log, 15, 15)
      for (let seq = 16; seq <= 30; seq++) {
        await log.owner.query('update audit_leaves set seq = seq - 1 where seq = $1', [seq])
      }
    },
    finds: () => ['altered', 11, 16, null],
  },
  {
    title: 'an entry altered together with its leaf: the part of the tree in which it is',
    tamper: async (log) => {
      await log.owner.query(`update audit_logs set action = 'x' where id = $1`, [log.ids[17]])
      await log.owner.query(`update audit_leaves set leaf_hash = sha256(leaf_hash) where seq = 18`)
      await rewriteLeaf(log, 18)
    },
    finds: () => ['altered', 17, 20, null],
  },
  {
    title: 'the same, with the parts of the tree that were kept beside the root: all that is under the root',
    tamper: async (log) => {
      await log.owner.query(`update audit_logs set action = 'x' where id = $1`, [log.ids[17]])
      await rewriteLeaf(log, 18)
      await log.owner.query(`update audit_roots set frontier = sha256(frontier) || substr(frontier, 33)`)
    },
    finds: () => ['altered', 11, 20, null],
  },
  {
    title: 'two entries that exchanged their contents',
    tamper: async (log) => {
      const ids = [log.ids[4], log.ids[21], '00000000-0000-0000-0000-000000000000']
      const moves: [number, number][] = [
        [0, 2],
        [1, 0],
        [2, 1],
      ]
      for (const [from, to] of moves) {
        await log.owner.query('update audit_logs set id = $1 where id = $2', [ids[to], ids[from]])
      }
    },
    finds: (log) => ['swapped', 5, 5, log.ids[4]],
  },
  {
    title: 'two leaves that exchanged their entries',
    tamper: (log) => swapLeaves(log, 5, 22, ['entry_id']),
    finds: (log) => ['swapped', 5, 5, log.ids[21]],
  },
  {
    title: 'two entries that exchanged their places, leaves and all',
    tamper: (log) => swapLeaves(log, 13, 17, ['entry_id', 'leaf_hash']),
    finds: (log) => ['swapped', 13, 13, log.ids[16]],
  },
  {
    title: 'two entries of different roots that exchanged their places, leaves and all',
    tamper: (log) => swapLeaves(log, 5, 22, ['entry_id', 'leaf_hash']),
    finds: (log) => ['swapped', 5, 5, log.ids[21]],
  },
  {
    title: 'an entry added behind the sealer',
    tamper: async (log) => {
      const [id] = await insertEntries(log.owner, 1)
      await log.owner.query(`update audit_logs set recorded_xid = '3' where id = $1`, [id])
      log.ids.push(String(id))
    },
    finds: (log) => ['added', null, null, log.ids[30]],
  },
  {
    title: 'an entry added at the end with a leaf of its own',
    tamper: async (log) => {
      const [id] = await insertEntries(log.owner, 1)
      await log.owner.query(`insert into audit_leaves values (31, $1, sha256('x'))`, [id])
      await rewriteLeaf(log, 31)
      log.ids.push(String(id))
    },
    finds: (log) => ['added', 31, 31, log.ids[30]],
  },
  {
    title: 'an entry dated back by who can write to the database before it is sealed',
    tamper: async (log) => {
      const [id] = await insertEntries(log.owner, 1)
      await log.owner.query(`update audit_logs set timestamp = timestamp - interval '2 hours' where id = $1`, [id])
      await sealExactly(1, log.owner, log.signer, log.publisher)
      log.ids.push(String(id))
    },
    finds: (log) => ['back_dated', 31, 31, log.ids[30]],
  },
  {
    title: 'a tail cut off under a root that still counts it',
    tamper: (log) => removeEntries(log, 28, 30),
    finds: () => ['tail_cut', 28, 30, null],
  },
  {
    title: 'a tail cut off with its root, by a root from outside',
    tamper: (log) => cutTail(log),
    options: (log) => ({ outside: log.published }),
    finds: () => ['tail_cut', 21, 30, null],
  },
  {
    title: 'a log emptied altogether, by a root from outside',
    tamper: (log) => log.owner.query('truncate audit_logs, audit_leaves, audit_roots'),
    options: (log) => ({ outside: log.published.slice(2) }),
    finds: () => ['tail_cut', 1, 30, null],
  },
  {
    title: 'a log rewritten without the key',
    tamper: async (log) => {
      await log.owner.query(`update audit_logs set action = 'x' where id = $1`, [log.ids[14]])
      await rewriteLog(log.owner, createTestSigner().signer, log.published)
    },
    finds: () => ['log_rewritten', 1, 10, null],
  },
  {
    title: 'a log rewritten without the key that claims to be signed with it',
    tamper: async (log) => {
      await log.owner.query(`update audit_logs set action = 'x' where id = $1`, [log.ids[14]])
      await rewriteLog(log.owner, { ...createTestSigner().signer, key_id: log.signer.key_id }, log.published)
    },
    finds: () => ['log_rewritten', 1, 10, null],
  },
  {
    title: 'a log rewritten with the key, by roots from outside',
    tamper: (log) => rewriteWithKey(log),
    options: (log) => ({ outside: log.published }),
    finds: () => ['log_rewritten', 11, 20, null],
  },
  {
    title: 'a log rewritten with the key, by the root that it is said to continue',
    tamper: (log) => rewriteWithKey(log),
    options: (log) => ({ from: log.published[1] }),
    finds: () => ['log_rewritten', 1, 20, null],
  },
  {
    title: 'a root whose hash was altered',
    tamper: (log) => log.owner.query('update audit_roots set root_hash = sha256(root_hash) where tree_size = 20'),
    finds: () => ['log_rewritten', 11, 20, null],
  },
  {
    title: 'a root that was removed between others',
    tamper: (log) => log.owner.query('delete from audit_roots where tree_size = 20'),
    finds: () => ['root_removed', 11, 30, null],
  },
  {
    title: 'a root from outside that nobody trusted signed',
    tamper: async () => {},
    options: (log) => ({ outside: log.published.map((root) => signRoot(root, createTestSigner().signer)).slice(2) }),
    finds: () => ['root_not_trusted', null, null, null],
  },
]

for (const { title, tamper, options, finds } of cases) {
  test(`found and named: ${title}`, async () => {
    await using log = await startSealedLog()
    assert.ok((await verifyAudit(log.owner, log.keys)).is_whole)
    await tamper(log)
    const verdict = await verifyAudit(log.owner, log.keys, options?.(log))
    assert.ok(!verdict.is_whole)
    assert.deepEqual(place(verdict.first), finds(log), JSON.stringify(verdict.findings))
  })
}

test('an entry added behind the sealer is found also while the last root reaches further than what has ended', async () => {
  await using log = await startSealedLog()
  const slow = await log.connect()
  await slow.query('begin')
  await slow.query('select pg_current_xact_id()')
  const [id] = await insertEntries(log.owner, 1)
  await log.owner.query(`update audit_logs set recorded_xid = '3' where id = $1`, [id])
  await log.owner.query('update audit_roots set horizon = pg_snapshot_xmax(pg_current_snapshot()) where tree_size = 30')
  const { first } = await verifyAudit(log.owner, log.keys)
  await slow.query('rollback')
  assert.deepEqual(place(first), ['added', null, null, id])
})

test('what only a root from outside can show is not found without one', async () => {
  await using log = await startSealedLog()
  await rewriteWithKey(log)
  assert.ok((await verifyAudit(log.owner, log.keys)).is_whole)
  await cutTail(log)
  assert.ok((await verifyAudit(log.owner, log.keys)).is_whole)
})

test('between two roots the log is verified up to the second one', async () => {
  await using log = await startSealedLog()
  const [from, to] = log.published
  await log.owner.query(`update audit_logs set action = 'x' where id = $1`, [log.ids[24]])
  const good = await verifyAudit(log.owner, log.keys, { from, to })
  assert.deepEqual([good.is_whole, good.whole_entries, good.roots, good.agreeing_outside_roots], [true, 20, 2, 2])
  await log.owner.query(`update audit_logs set action = 'x' where id = $1`, [log.ids[14]])
  assert.deepEqual(place((await verifyAudit(log.owner, log.keys, { from, to })).first), [
    'altered',
    15,
    15,
    log.ids[14],
  ])
})

test('roots of two logs that parted do not both agree, and the place where they part is named', async () => {
  await using log = await startSealedLog()
  const [from, to, end] = log.published
  await rewriteWithKey(log)
  const verdict = await verifyAudit(log.owner, log.keys, { from, to, outside: end === undefined ? [] : [end] })
  assert.equal(verdict.agreeing_outside_roots, 1)
  assert.deepEqual(place(verdict.first), ['log_rewritten', 11, 20, null])
})

function place(finding: AuditFinding | null) {
  return finding === null ? null : [finding.kind, finding.seq, finding.last_seq, finding.entry_id]
}
