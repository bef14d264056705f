import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { KeyObject } from 'node:crypto'
import { readConfiguration } from '#platform/configuration.ts'
import { openPool } from '#platform/database/connection.ts'
import { sql } from '#platform/database/sql.ts'
import { EmergencyKeyRefused, generateEmergencyKey, openKeyFile, parsePublicKey } from '#platform/emergency/keys.ts'
import { CopyRefused, openCopy } from './copy-file.ts'
import { emergencyCopyCheck, emergencyCopyMeasure, enterOpenings, makeCopies } from './copies.service.ts'
import { noteOpening } from './opening.ts'
import { htmlPage, textPage } from './page.ts'
import { amoxicillin, startPrescribing } from '../prescriptions/prescribing.testing.ts'

const passphrase = 'marble otter lantern quay'

describe('emergency copies', () => {
  let hospital: Awaited<ReturnType<typeof startPrescribing>>
  let secret: KeyObject
  let directory: string
  let parts: Parameters<typeof makeCopies>[0]
  let patient_id: string
  before(async () => {
    const { public_key, file } = await generateEmergencyKey(passphrase)
    secret = await openKeyFile(file, passphrase)
    hospital = await startPrescribing()
    const { api } = hospital
    directory = join(api.configuration.data_directory, 'emergency')
    const key = parsePublicKey(public_key)
    assert.ok(key)
    const configuration = { ...api.configuration, emergency: { directory, public_keys: [key] } }
    parts = { ...api.system, configuration }
    patient_id = await hospital.patient({ first_name: 'Canary<b>', last_name: 'Oranjestad' })
    await hospital.allergy(patient_id, 'Latex')
    const { id } = await hospital.draft(patient_id, amoxicillin)
    await hospital.sign(id)
    await api.rows(sql`
      insert into visits (visit_number, patient_id, department_id, type, news2_score)
      values ('VS-1', ${patient_id}, ${hospital.department_id}, 'inpatient', 7)`)
    await api.rows(sql`
      insert into resources (type, name, code, ward, department_id) values ('bed', 'Bed 12', 'B12', 'East', ${hospital.department_id})`)
    await api.rows(sql`
      insert into resource_assignments (resource_id, patient_id, is_bed, assigned_at)
      select id, ${patient_id}, true, now() from resources where code = 'B12'`)
    await makeCopies(parts)
  })
  after(() => hospital.api[Symbol.asyncDispose]())

  const copies = () => readdirSync(directory).filter((name) => name.endsWith('.emergency'))
  const opened = (name: string) => openCopy(readFileSync(join(directory, name), 'utf8'), secret)
  const inOwn = () => {
    const found = copies()
      .map(opened)
      .find(({ content }) => content.patients.length > 0)
    assert.ok(found)
    return found
  }

  it('say who is here, where, and what they are given and must not be given', () => {
    const { content, head } = inOwn()
    assert.equal(content.patients.length, 1)
    const [patient] = content.patients
    assert.equal(patient?.patient_id, patient_id)
    assert.deepEqual([patient?.last_name, patient?.bed, patient?.ward], ['Oranjestad', 'Bed 12', 'East'])
    assert.deepEqual([patient?.visit?.type, patient?.news2_score], ['inpatient', 7])
    assert.deepEqual(patient?.allergies, [{ substance: 'Latex', reaction: null, severity: 'severe' }])
    assert.deepEqual(
      patient?.medicines?.map(({ name, dosage }) => [name, dosage]),
      [['Amoxicillin', '500 mg']],
    )
    const page = textPage(head, content)
    for (const told of ['East, Bed 12', 'Oranjestad', 'Latex (severe)', 'Amoxicillin, 500 mg', 'NEWS2', '7'])
      assert.ok(page.includes(told), told)
    const html = htmlPage(head, content)
    assert.ok(html.includes('Canary&lt;b&gt;') && !html.includes('<b>'))
  })

  it('are one for each department, of this user alone, and name nobody', async () => {
    const departments = await hospital.api.rows<{ count: number }>(
      sql`select count(*)::int as count from departments where is_active`,
    )
    assert.equal(copies().length, departments[0]?.count)
    for (const name of copies()) {
      assert.match(name, /^[a-z0-9-]+-\d{8}T\d{6}Z-[0-9a-f]{8}\.emergency$/)
      assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600)
      const bytes = readFileSync(join(directory, name), 'latin1')
      const [, sealed = ''] = bytes.split('\n')
      for (const told of ['Oranjestad', 'Latex', 'Amoxicillin', patient_id])
        assert.ok(!bytes.includes(told) && !Buffer.from(sealed, 'base64').includes(told), told)
    }
  })

  it('are recorded before they leave', async () => {
    const made = sql<{ details: object }>`select details from audit_logs where action = 'emergency_copy.make'`
    assert.deepEqual(
      (await hospital.api.rows(made)).map(({ details }) => details),
      [{ files: copies().length, count: 1 }],
    )
  })

  it('say of what cannot be read that it cannot, and never that there is none', async () => {
    await hospital.api.rows(sql`
      update allergies set sealed_entry = set_byte(sealed_entry, 20, get_byte(sealed_entry, 20) # 1) where patient_id = ${patient_id}`)
    const before = new Set(copies())
    await makeCopies(parts)
    await hospital.api.rows(sql`
      update allergies set sealed_entry = set_byte(sealed_entry, 20, get_byte(sealed_entry, 20) # 1) where patient_id = ${patient_id}`)
    const found = copies()
      .filter((name) => !before.has(name))
      .map(opened)
      .find(({ content }) => content.patients.length > 0)
    const [patient] = found?.content.patients ?? []
    assert.equal(patient?.allergies, null)
    assert.deepEqual(
      patient?.medicines?.map(({ name }) => name),
      ['Amoxicillin'],
    )
    assert.ok(found && textPage(found.head, found.content).includes('ALLERGIES  COULD NOT BE READ'))
  })

  it('open with no other key, in no other place, and not once they were altered', async () => {
    const name = copies()[0] ?? ''
    const text = readFileSync(join(directory, name), 'utf8')
    const other = await generateEmergencyKey(passphrase)
    const wrong = await openKeyFile(other.file, passphrase)
    assert.throws(() => openCopy(text, wrong), EmergencyKeyRefused)
    await assert.rejects(openKeyFile(other.file, `${passphrase}.`), /passphrase is not/)
    await assert.rejects(generateEmergencyKey('too short'), /15 characters/)
    const younger = text.replace(/"made_at":"\d{4}/, '"made_at":"2099')
    assert.notEqual(younger, text)
    assert.throws(() => openCopy(younger, secret), CopyRefused)
    assert.throws(() => openCopy(text.slice(0, -20), secret), CopyRefused)
    assert.throws(() => openCopy('{}', secret), CopyRefused)
  })

  it('make way for newer ones after an hour, and not before; what a killed process left goes too', async () => {
    const old = 'ward-20200101T000000Z-00000000.emergency'
    for (const name of [old, `${old}.part`, 'of-the-operator.txt']) writeFileSync(join(directory, name), '')
    utimesSync(join(directory, `${old}.part`), 0, 0)
    const before = copies().filter((name) => name !== old)
    await makeCopies(parts)
    const names = readdirSync(directory)
    assert.ok(!names.includes(old) && !names.includes(`${old}.part`) && names.includes('of-the-operator.txt'))
    for (const name of before) assert.ok(names.includes(name), name)
  })

  it('stay where they are while the database is away', async () => {
    const before = readdirSync(directory)
    const url = 'postgres://nobody@127.0.0.1:9/none'
    const pool = openPool({ url, size: 1, name: 'away', on_error: () => undefined })
    await assert.rejects(makeCopies({ ...parts, pool }))
    await pool.end()
    assert.deepEqual(readdirSync(directory), before)
  })

  it('are entered in the audit log once for each patient whom somebody saw, with who and why sealed, and reviewers are told', async () => {
    await hospital.api.person('admin')
    const { head, content } = inOwn()
    const told = {
      by: 'Night nurse Ada',
      reason: 'Server room flooded',
      copy_id: head.copy_id,
      patient_ids: [patient_id],
    }
    await noteOpening(directory, {
      ...told,
      department: head.department,
      made_at: head.made_at,
      opening_key: Buffer.from(content.opening_key, 'base64url'),
    })
    const [name = ''] = readdirSync(join(directory, 'openings'))
    const path = join(directory, 'openings', name)
    const bytes = readFileSync(path, 'utf8')
    for (const word of ['Ada', 'flooded', patient_id]) assert.ok(!bytes.includes(word), word)
    assert.equal((await emergencyCopyCheck(parts.configuration)?.())?.status, 'degraded')

    assert.deepEqual(await enterOpenings(parts, directory), { entered: 1, refused: [] })
    // As if the server had been killed before the file had its other name.
    writeFileSync(path, bytes)
    assert.deepEqual(await enterOpenings(parts, directory), { entered: 1, refused: [] })
    const entries = await hospital.api.rows<{ patient_id: string | null; purpose: string; has_changes: boolean }>(sql`
      select patient_id, purpose, sealed_changes is not null as has_changes from audit_logs where action = 'emergency_copy.open' order by patient_id nulls first`)
    assert.deepEqual(entries, [
      { patient_id: null, purpose: 'BTG', has_changes: true },
      { patient_id, purpose: 'BTG', has_changes: false },
    ])
    const mails = await hospital.api.rows<{ count: number }>(
      sql`select count(*)::int as count from mails where template = 'emergency_copy_opened'`,
    )
    assert.ok((mails[0]?.count ?? 0) >= 1)
    assert.equal((await emergencyCopyCheck(parts.configuration)?.())?.status, 'ok')
  })

  it('are not taken from whoever has not opened the copy', async () => {
    const { head } = inOwn()
    await noteOpening(directory, {
      by: 'Somebody',
      reason: 'None',
      department: head.department,
      made_at: head.made_at,
      copy_id: head.copy_id,
      opening_key: Buffer.alloc(32, 1),
      patient_ids: [patient_id],
    })
    const { entered, refused } = await enterOpenings(parts, directory)
    assert.equal(entered, 0)
    assert.equal(refused.length, 1)
    rmSync(join(directory, 'openings', refused[0] ?? ''))
  })

  it('tell their age, and that they are late after 15 minutes', async () => {
    const age = await emergencyCopyMeasure(parts.configuration).read()
    assert.ok(age !== undefined && age >= 0 && age < 600)
    const late = join(directory, '..', 'late')
    const asked = { ...parts.configuration, emergency: { directory: late, public_keys: [] } }
    const check = emergencyCopyCheck(asked)
    assert.equal((await check?.())?.status, 'degraded')
    writeFileSync(late, 'no folder')
    assert.deepEqual(await check?.(), { status: 'degraded', detail: 'OPENWARD_EMERGENCY_DIR cannot be read' })
    rmSync(late)
    mkdirSync(late)
    for (const [minutes, status] of [
      [16, 'degraded'],
      [14, 'ok'],
    ] as const) {
      const at = Temporal.Now.instant().subtract({ minutes }).toString({ smallestUnit: 'second' })
      writeFileSync(join(late, `ward-${at.replaceAll(/[-:]/g, '')}-00000000.emergency`), '')
      assert.equal((await check?.())?.status, status)
    }
    writeFileSync(join(late, 'openings'), 'no folder')
    assert.deepEqual(await check?.(), { status: 'degraded', detail: 'OPENWARD_EMERGENCY_DIR cannot be read' })
    assert.equal(emergencyCopyCheck(hospital.api.configuration), undefined)
    assert.equal(await emergencyCopyMeasure(hospital.api.configuration).read(), undefined)
  })

  it('need a folder and a key, and no other key', () => {
    for (const environment of [
      { OPENWARD_EMERGENCY_DIR: '/x' },
      { OPENWARD_EMERGENCY_KEY: 'owe1_x' },
      { OPENWARD_EMERGENCY_DIR: '/x', OPENWARD_EMERGENCY_KEY: Buffer.alloc(32, 3).toString('base64') },
    ])
      assert.throws(() => readConfiguration(environment), /OPENWARD_EMERGENCY_KEY/)
  })
})
