// What anyone with a code is told, what a forged prescription is, and what stands on paper.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { ConfigurationError } from '#platform/configuration.ts'
import { refusedWith, startTestApi } from '../../testing.ts'
import { expireOverdue } from './dispense.service.ts'
import { rotatePrescriptionKey } from './key-rotation.ts'
import { amoxicillin, startPrescribing } from './prescribing.testing.ts'
import { prescriptionApi, prescriptionNotSigned } from './prescription.contract.ts'
import { canonical, newVerificationCode } from './signing.ts'
import { isAuthentic } from './verify.service.ts'
import { findToVerify, type ToVerify } from './prescription.store.ts'

let house: Awaited<ReturnType<typeof startPrescribing>>
before(async () => void (house = await startPrescribing()))
after(() => house[Symbol.asyncDispose]())

async function signed() {
  const { id } = await house.draft(await house.patient(), amoxicillin)
  return house.sign(id)
}
/** Past the trigger that keeps what is signed, as somebody with the files of the database could. */
async function tamper(statement: ReturnType<typeof sql>) {
  await house.api.rows(sql`alter table prescriptions disable trigger user`)
  await house.api.rows(statement)
  await house.api.rows(sql`alter table prescriptions enable trigger user`)
}
const validity = async (code: string | null) => (await house.verify(code ?? '')).validity
const ask = (code: string) =>
  house.api.send({ method: 'GET', url: `/api/v1/prescriptions/verify/${code}`, headers: {} })

describe('the code of a prescription', () => {
  it('tells anyone that it is valid, and nothing else', async () => {
    const { verification_code } = await signed()
    const { status, text } = await ask(verification_code ?? '')
    assert.deepEqual([status, JSON.parse(text)], [200, { validity: 'valid' }])
  })

  it('tells that it is void once it was cancelled or dispensed, and superseded once another was signed for it', async () => {
    const [cancelled, dispensed, replaced] = [await signed(), await signed(), await signed()]
    const of = ({ id }: { id: string }) => ({ params: { prescription_id: id } })
    const body = { reason: 'Wrong strength' }
    await house.doctor.call(prescriptionApi.cancel, { ...of(cancelled), body })
    await house.nurse.call(prescriptionApi.dispense, of(dispensed))
    const { replaced_by_id } = await house.doctor.call(prescriptionApi.cancel, {
      ...of(replaced),
      body: { ...body, replace: true },
    })
    assert.equal(await validity(replaced.verification_code), 'void')
    const next = await house.sign(replaced_by_id ?? '')
    assert.deepEqual(
      await Promise.all(
        [cancelled, dispensed, replaced, next].map(({ verification_code }) => validity(verification_code)),
      ),
      ['void', 'void', 'superseded', 'valid'],
    )
  })

  it('is answered alike where it was never given: status, headers and bytes', async () => {
    const { id, verification_code } = await signed()
    await house.doctor.call(prescriptionApi.cancel, { params: { prescription_id: id }, body: { reason: 'Wrong' } })
    const shape = async (code: string) => {
      const { status, headers, text } = await ask(code)
      return { status, text, headers: Object.keys(headers).toSorted() }
    }
    const known = await shape(verification_code ?? '')
    for (const code of [newVerificationCode(), 'A', 'a'.repeat(100), '%27%20or%201=1', id, 'RX-20260101-0001'])
      assert.deepEqual(await shape(code), known, code)
  })

  it('is refused where no database could hold it', async () => {
    assert.equal((await ask('%00')).status, 422)
  })

  it('is of 26 letters that nobody guesses', async () => {
    const codes = new Set(Array.from({ length: 1000 }, newVerificationCode))
    assert.equal(codes.size, 1000)
    assert.ok([...codes].every((code) => /^[2-9A-HJ-NP-Z]{26}$/.test(code)))
  })

  it('is asked for at most 30 times a minute from one address', async () => {
    await using limited = await startTestApi({ rate_limit: true })
    const statuses = []
    for (let n = 0; n < 31; n += 1)
      statuses.push(
        (await limited.send({ method: 'GET', url: '/api/v1/prescriptions/verify/AAAA', headers: {} })).status,
      )
    assert.deepEqual([statuses.filter((status) => status === 200).length, statuses.at(-1)], [30, 429])
  })

  it('is void when its time is over, and the prescription expires by itself', async () => {
    const { id, verification_code } = await signed()
    await tamper(sql`update prescriptions set expires_at = now() - interval '1 minute' where id = ${id}`)
    assert.equal(await validity(verification_code), 'void')
    const params = { prescription_id: id }
    await assert.rejects(house.nurse.call(prescriptionApi.dispense, { params }), refusedWith(prescriptionNotSigned))
    const counts = await Promise.all([expireOverdue(house.api.system), expireOverdue(house.api.system)])
    assert.equal(counts[0] + counts[1], 1)
    assert.equal((await house.doctor.call(prescriptionApi.get, { params })).status, 'expired')
    const told = await house.api.rows<{ type: string }>(
      sql`select type from events where subject_id = ${id} order by id`,
    )
    assert.deepEqual(
      told.map(({ type }) => type),
      ['prescription.signed', 'prescription.expired'],
    )
  })
})

describe('a prescription that was forged or altered', () => {
  it('is void: another’s signature, another’s content, another doctor, another number', async () => {
    const other = await signed()
    const forgeries = [
      (id: string) =>
        sql`update prescriptions p set signature = o.signature from prescriptions o where p.id = ${id} and o.id = ${other.id}`,
      (id: string) =>
        sql`update prescriptions p set sealed_content = o.sealed_content, key_id = o.key_id from prescriptions o where p.id = ${id} and o.id = ${other.id}`,
      (id: string) =>
        sql`update prescriptions set sealed_content = set_byte(sealed_content, 40, get_byte(sealed_content, 40) # 1) where id = ${id}`,
      (id: string) => sql`update prescriptions set prescription_number = 'RX-20200101-0001' where id = ${id}`,
      (id: string) =>
        sql`update prescriptions set signature = set_byte(signature, 0, get_byte(signature, 0) # 1) where id = ${id}`,
    ]
    for (const forge of forgeries) {
      const { id, verification_code } = await signed()
      await tamper(forge(id))
      assert.equal(await validity(verification_code), 'void', forge(id).text)
    }
    assert.equal(await validity(other.verification_code), 'valid')
  })

  it('is told by its signature, whoever signs: another key, another word', async () => {
    const { verification_code } = await signed()
    const { keyring } = house.api.system.keys
    const row = (await house.api.rows<ToVerify>(findToVerify(verification_code ?? '')))[0]
    assert.ok(row && isAuthentic(keyring, row))
    const { newSigningKey, signContent } = await import('./signing.ts')
    const { openKey, openSigned, sealSigned } = await import('./prescription.sealing.ts')
    const key = openKey(keyring, row)
    const content = JSON.parse(openSigned(key, row.id, row.sealed_content))
    assert.equal(openSigned(key, row.id, row.sealed_content), canonical(content))
    const forged = signContent(keyring, newSigningKey(keyring), content)
    assert.equal(isAuthentic(keyring, { ...row, signature: forged }), false)
    const more = canonical({ ...content, medicines: [{ ...content.medicines[0], quantity: 210 }] })
    assert.equal(isAuthentic(keyring, { ...row, sealed_content: sealSigned(key, row.id, more) }), false)
  })

  it('is void once the person was erased', async () => {
    const { patient_id, verification_code } = await signed()
    await house.api.rows(sql`update patient_keys set wrapped = null where patient_id = ${patient_id}`)
    assert.equal(await validity(verification_code), 'void')
  })
})

it('canonical JSON has one form: members in order, nothing between', () => {
  const value = { b: [1, 'é', null], a: { d: true, c: 0.5 }, '\u20ac': 1, Z: undefined }
  assert.equal(canonical(value), '{"a":{"c":0.5,"d":true},"b":[1,"é",null],"€":1}')
})

it('the key that signs is rotated: what the older one signed stays valid', async () => {
  const before_it = await signed()
  const made = await rotatePrescriptionKey(house.api.system)
  const after_it = await signed()
  assert.notEqual(before_it.signing_key_id, after_it.signing_key_id)
  assert.equal(after_it.signing_key_id, made)
  assert.deepEqual(
    [await validity(before_it.verification_code), await validity(after_it.verification_code)],
    ['valid', 'valid'],
  )
})

describe('a prescription on paper', () => {
  const print = (id: string, language = '') =>
    house.api.app.http.inject({
      method: 'GET',
      url: `/api/v1/prescriptions/${id}/pdf${language && `?language=${language}`}`,
      headers: { authorization: `Bearer ${house.doctor.token}` },
    })

  it('is a PDF in English or Spanish, named by its number alone', async () => {
    const { id, prescription_number } = await signed()
    for (const language of ['', 'en', 'es']) {
      const { statusCode, headers, rawPayload } = await print(id, language)
      assert.equal(statusCode, 200)
      assert.equal(headers['content-type'], 'application/pdf')
      assert.equal(headers['content-disposition'], `attachment; filename="${prescription_number}.pdf"`)
      assert.equal(rawPayload.subarray(0, 5).toString(), '%PDF-')
      assert.ok(rawPayload.toString('latin1').includes(language === 'es' ? '/Lang (es)' : '/Lang (en)'))
      assert.ok(rawPayload.toString('latin1').includes('/Subtype /Image'))
    }
    const entries = await house.api.rows(
      sql`select from audit_logs where action = 'prescription.print' and resource_id = ${id} and patient_id is not null`,
    )
    assert.equal(entries.length, 3)
  })

  it('is not printed as a draft, or once cancelled', async () => {
    const { id } = await house.draft(await house.patient(), amoxicillin)
    assert.equal((await print(id)).json().code, 'prescription_not_signed')
  })
})

describe('without a set of rules', () => {
  it('everything is not checked, and signing takes a permission of its own', async () => {
    await using bare = await startPrescribing({ prescription_rules: 'none' })
    const { id } = await bare.draft(await bare.patient(), amoxicillin)
    const found = await bare.check(id)
    assert.deepEqual([found.status, found.rule_set, found.findings], ['not_checked', null, []])
    await assert.rejects(bare.sign(id), refusedWith(forbidden))
    await bare.api.rows(
      sql`update roles set permissions = permissions || array['prescriptions:sign-unchecked'], version = version + 1 where name = 'doctor'`,
    )
    const done = await bare.sign(id)
    assert.deepEqual([done.status, done.check?.status], ['signed', 'not_checked'])
    const ready = await bare.api.send({ method: 'GET', url: '/health/ready', headers: {} })
    assert.match(ready.text, /not checked/)
  })

  it('is not what a folder without rules means: the server does not start', async () => {
    await assert.rejects(startTestApi({ prescription_rules: '/nonexistent' }), ConfigurationError)
  })
})
