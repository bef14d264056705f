import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOpenLine } from './address.ts'

test('a line is open where it leads to another machine and nobody has said how', () => {
  for (const open of ['postgres://u:p@db.example/x', 'postgres://u:p@localhost/x?host=db.example'])
    assert.equal(isOpenLine(open), true, open)
  for (const known of [
    'postgres://u:p@localhost/x',
    'postgres://u:p@[::1]:5432/x',
    'postgres:///x?user=u&host=/var/run/postgresql',
    'postgres://u:p@db.example/x?host=/var/run/postgresql',
    'postgres://u:p@db.example/x?sslmode=verify-full',
    'postgres://u:p@db.example/x?sslrootcert=/authority.crt',
    'postgres://u:p@db.example/x?sslmode=disable',
  ])
    assert.equal(isOpenLine(known), false, known)
})
