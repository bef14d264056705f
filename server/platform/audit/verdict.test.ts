import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AuditFinding, compareFindings, describeVerdict, type StoredVerdict } from './verdict.ts'

const altered: AuditFinding = { kind: 'altered', seq: 15, last_seq: 15, entry_id: 'e-15', reason: 'it differs' }
const stretch: AuditFinding = { kind: 'altered', seq: 11, last_seq: 16, entry_id: null, reason: 'they differ' }
const added: AuditFinding = { kind: 'added', seq: null, last_seq: null, entry_id: 'e-x', reason: 'it has no leaf' }
const whole: StoredVerdict = {
  is_whole: true,
  purged_entries: 0,
  purges: [],
  whole_entries: 1234,
  unsealed_entries: 3,
  roots: 7,
  agreeing_outside_roots: 1,
  last_root: { tree_size: 1234, root_hash: Buffer.alloc(32), sealed_at: '2026-12-01T14:00:00Z', previous_hash: null },
  first: null,
  findings: [],
  findings_total: 0,
  unread_roots: [],
}

test('a whole log is described by its counts, its last root and the roots that agree', () => {
  assert.deepEqual(describeVerdict(whole), [
    '1234 entries whole, 3 not sealed yet',
    `last root: 1234 entries, sealed 2026-12-01T14:00:00Z, ${'A'.repeat(43)}=`,
    'roots from outside that agree with it: 1',
  ])
})

test('what the log could not be compared with is said', () => {
  assert.equal(
    describeVerdict({ ...whole, unread_roots: ['OPENWARD_AUDIT_ROOTS_DIR'] }).at(-1),
    'NOT COMPARED with the roots of OPENWARD_AUDIT_ROOTS_DIR: its roots.txt is gone or cannot be read',
  )
})

test('a log that is not whole is described by the first thing wrong, then the others', () => {
  const findings = [altered, stretch, added]
  const verdict = { ...whole, is_whole: false, first: altered, findings, findings_total: 40, last_root: null }
  assert.deepEqual(describeVerdict(verdict), [
    'THE AUDIT LOG IS NOT WHOLE. First: entry 15 (e-15): altered: it differs',
    'then: entries 11 to 16: altered: they differ',
    'then: an entry (e-x): added: it has no leaf',
    'and 37 more',
    '1234 entries whole, 3 not sealed yet',
    'roots from outside that agree with it: 1',
  ])
})

test('an entry known exactly comes before the stretch around it, and what has no place comes last', () => {
  const later = { ...altered, seq: 17, last_seq: 17 }
  assert.deepEqual([added, later, stretch, altered].sort(compareFindings), [altered, stretch, later, added])
  assert.equal(compareFindings(added, added), 0)
})
