import assert from 'node:assert/strict'
import { test } from 'node:test'
import { proveInclusion } from './prove.ts'
import { formatPurge, type Purge, parsePurge, verifyPurge, wasDue } from './purge-statement.ts'
import { purgeAudit, PurgeRefused } from './purge.ts'
import { ageRoots } from './tampering.testing.ts'
import { createTestSigner, insertEntries, type SealedLog, sealExactly, startSealedLog } from './testing.ts'
import { verifyAudit } from './verify.ts'

const asked = { kept_years: 6, by: 'Ada Records', reason: 'Retention is over: policy 12', dry_run: false }

/** Entries 1 to 20 are under roots of seven years ago, 21 to 30 under one of now. */
async function startOldLog() {
  const log = await startSealedLog()
  await ageRoots(log.owner, log.signer, 7, 2)
  return log
}

const purge = (log: SealedLog, options = asked) => purgeAudit(log.owner, log.signer, log.keys, options)
const count = async (log: SealedLog) => (await log.owner.query('select from audit_logs')).rowCount

test('entries under roots that are old enough are purged, the rest is proved, and the log says what went and why', async () => {
  await using log = await startOldLog()
  const purged = await purge(log)
  assert.deepEqual([purged?.first_seq, purged?.last_seq, purged?.entries], [1, 20, 20])
  const { rows } = await log.owner.query<{ action: string }>('select action from audit_logs order by id')
  assert.deepEqual([rows.length, rows.at(-1)?.action], [11, 'audit_log.purge'])
  await insertEntries(log.owner, 3)
  await sealExactly(4, log.owner, log.signer, { last: async () => undefined, publish: async () => undefined })

  const verdict = await verifyAudit(log.owner, log.keys)
  assert.deepEqual([verdict.is_whole, verdict.first], [true, null])
  assert.deepEqual([verdict.purged_entries, verdict.whole_entries, verdict.roots], [20, 14, 4])
  const [told] = verdict.purges
  assert.deepEqual([told?.by, told?.reason, told?.first_seq, told?.last_seq], [asked.by, asked.reason, 1, 20])
  // That an entry was there can still be shown to somebody who kept it.
  assert.equal((await proveInclusion(log.owner, log.ids[4] ?? '', 34))?.seq, 5)
  assert.equal(await purge(log), undefined)
})

test('a second purge begins where the first one ended', async () => {
  await using log = await startOldLog()
  await purge(log)
  await insertEntries(log.owner, 4)
  await sealExactly(5, log.owner, log.signer, { last: async () => undefined, publish: async () => undefined })
  await ageRoots(log.owner, log.signer, 7, 3, 2)
  assert.deepEqual((await verifyAudit(log.owner, log.keys)).findings, [])
  const purged = await purge(log)
  assert.deepEqual([purged?.first_seq, purged?.last_seq, purged?.entries], [21, 30, 10])
  const verdict = await verifyAudit(log.owner, log.keys)
  assert.deepEqual([verdict.is_whole, verdict.purged_entries, verdict.purges.length], [true, 30, 2])
})

test('a dry run counts, and changes nothing', async () => {
  await using log = await startOldLog()
  const purged = await purge(log, { ...asked, dry_run: true })
  assert.deepEqual([purged?.entries, purged?.statement], [20, undefined])
  assert.equal(await count(log), 30)
  assert.equal((await log.owner.query('select from audit_purges')).rowCount, 0)
})

test('entries of less than six years are not purged, whoever asks', async () => {
  await using log = await startSealedLog()
  assert.equal(await purge(log), undefined)
  await ageRoots(log.owner, log.signer, 5, 3)
  assert.equal(await purge(log), undefined)
  await assert.rejects(purge(log, { ...asked, kept_years: 5 }), PurgeRefused)
  await ageRoots(log.owner, log.signer, 2, 3)
  assert.equal(await purge(log, { ...asked, kept_years: 8 }), undefined)
  assert.equal(await count(log), 30)
})

const tampering: Record<string, (log: SealedLog) => Promise<unknown>> = {
  'the statement is removed': (log) => log.owner.query('delete from audit_purges'),
  'another reason is given': (log) =>
    log.owner.query(`update audit_purges set statement = replace(statement, 'policy 12', 'policy 13')`),
  'another person is named': (log) =>
    log.owner.query(`update audit_purges set statement = replace(statement, 'Ada', 'Bob')`),
  'more entries are claimed': async (log) => {
    await log.owner.query('delete from audit_logs where id = $1', [log.ids[24]])
    await log.owner.query(`update audit_purges set last_seq = 30, statement = replace(statement, '1 to 20', '1 to 30')`)
  },
  'it is signed with another key': (log) => restate(log, {}, createTestSigner().signer),
  'it is signed rightly, for entries that were too young': (log) =>
    restate(log, { sealed_at: Temporal.Now.instant().toString() }),
  'it is signed rightly, for another log': (log) => restate(log, { root_hash: Buffer.alloc(32, 7) }),
  'it is signed rightly, and begins in the middle': (log) => restate(log, { first_seq: 11 }),
  'it cannot be read': (log) => log.owner.query(`update audit_purges set statement = 'gone'`),
}

async function restate(log: SealedLog, change: Partial<Purge>, signer = log.signer) {
  const { rows } = await log.owner.query<{ statement: string }>('select statement from audit_purges')
  const statement = formatPurge({ ...parsePurge(rows[0]?.statement ?? ''), ...change }, signer)
  await log.owner.query('update audit_purges set statement = $1', [statement])
}

for (const [what, tamper] of Object.entries(tampering)) {
  test(`a purge of which ${what} is not believed`, async () => {
    await using log = await startOldLog()
    await purge(log)
    assert.ok((await verifyAudit(log.owner, log.keys)).is_whole)
    await tamper(log)
    const { is_whole, findings } = await verifyAudit(log.owner, log.keys)
    assert.equal(is_whole, false)
    const kinds = findings.map(({ kind }) => kind)
    assert.ok(kinds.includes(what === 'the statement is removed' ? 'removed' : 'purge_not_trusted'), kinds.join())
    if (kinds.includes('purge_not_trusted')) {
      const kept = await count(log)
      await ageRoots(log.owner, log.signer, 7, 3, 2)
      await assert.rejects(purge(log), (error: unknown) => {
        assert.ok(error instanceof PurgeRefused)
        assert.match(error.message, /^the purge statement .* \(entries up to \d+\): verify the log first$/)
        return true
      })
      assert.equal(await count(log), kept)
    }
    if (what !== 'it is signed rightly, for another log') assert.ok(kinds.includes('removed'))
  })
}

test('an entry that is removed or altered behind a purge is named', async () => {
  await using log = await startOldLog()
  await purge(log)
  await log.owner.query('delete from audit_logs where id = $1', [log.ids[21]])
  const verdict = await verifyAudit(log.owner, log.keys)
  assert.deepEqual([verdict.first?.kind, verdict.first?.seq, verdict.findings_total], ['removed', 22, 1])
})

test('a database from before there were purges is whole as it is', async () => {
  await using log = await startSealedLog()
  await log.owner.query('drop table audit_purges')
  const verdict = await verifyAudit(log.owner, log.keys)
  assert.deepEqual([verdict.is_whole, verdict.whole_entries, verdict.purges], [true, 30, []])
})

test('a leaf of a purged entry is still missed', async () => {
  await using log = await startOldLog()
  await purge(log)
  await log.owner.query('delete from audit_leaves where seq = 7')
  assert.deepEqual((await verifyAudit(log.owner, log.keys)).first?.kind, 'removed')
})

test('neither the application nor an owner without superuser rights deletes an entry that no statement covers', async () => {
  await using log = await startOldLog()
  const app = await log.connect('openward_app')
  await app.query(`select set_config('openward.reach', 'all', false)`)
  await assert.rejects(app.query('delete from audit_logs'), /permission denied/)
  await assert.rejects(
    app.query(`insert into audit_purges (last_seq, statement) values (30, 'mine')`),
    /permission denied/,
  )
  await log.owner.query('alter table audit_logs disable row level security')
  await log.owner.query('grant all on audit_logs, audit_purges to openward_app')
  await assert.rejects(app.query('delete from audit_logs'), /the audit log is never changed/)
  await app.query(`insert into audit_purges (last_seq, statement) values (10, 'theirs')`)
  for (const statement of [
    'update audit_purges set last_seq = 30',
    'delete from audit_purges',
    'truncate audit_purges',
  ])
    await assert.rejects(app.query(statement), /the audit log is never changed/)
  await assert.rejects(app.query('delete from audit_logs where id = $1', [log.ids[10]]), /never changed/)
  // Below a statement they can, and the log tells that nobody who may has signed it.
  await app.query('delete from audit_logs where id = $1', [log.ids[9]])
  const kinds = (await verifyAudit(log.owner, log.keys)).findings.map(({ kind }) => kind)
  assert.deepEqual(new Set(kinds), new Set(['purge_not_trusted', 'removed']))
})

test('a statement is read as it was written, and no other text is one', () => {
  const { signer, keys } = createTestSigner()
  const at = '2026-05-01T00:00:00Z'
  const purge_ = {
    first_seq: 1,
    last_seq: 9,
    root_hash: Buffer.alloc(32, 1),
    sealed_at: '2020-05-01T00:00:00Z',
    kept_years: 6,
    purged_at: at,
    by: 'Ana Ño',
    reason: 'über — sechs Jahre',
  }
  const text = formatPurge(purge_, signer)
  const parsed = parsePurge(text)
  assert.ok(verifyPurge(parsed, keys))
  assert.deepEqual(
    { ...parsed, key_id: undefined, signature: undefined },
    { ...purge_, key_id: undefined, signature: undefined },
  )
  for (const wrong of [
    `${text} `,
    text.replace('kept_years 6', 'kept_years 06'),
    // More than a number can say exactly.
    text.replace('1 to 9', '1 to 9999999999999999'),
    text.replace('by Ana', 'by Ana\nby Bob'),
    '',
  ])
    assert.throws(() => parsePurge(wrong), SyntaxError)
  for (const by of ['', ' Ana', 'Ana\nreason none', 'Ana\u2028', 'x'.repeat(301)])
    assert.throws(() => formatPurge({ ...purge_, by }, signer), RangeError)
})

for (const [sealed_at, kept_years, isDue] of [
  ['2020-05-01T00:00:00Z', 6, true],
  ['2020-05-01T00:00:00.000001Z', 6, false],
  ['2019-05-01T00:00:00Z', 8, false],
  ['2010-05-01T00:00:00Z', 5, false],
] as const) {
  test(`a purge in May 2026 of what was sealed ${sealed_at} and kept ${kept_years} years was ${isDue ? '' : 'not '}due`, () => {
    const purge_ = {
      first_seq: 1,
      last_seq: 9,
      root_hash: Buffer.alloc(32),
      by: 'A',
      reason: 'B',
      purged_at: '2026-05-01T00:00:00Z',
    }
    assert.equal(wasDue({ ...purge_, sealed_at, kept_years }), isDue)
  })
}
