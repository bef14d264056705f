// The names behind the ids of a record: of those who work here, and of nobody else.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { forbidden, invalidRequest } from '#platform/contract/problem.ts'
import { refusedWith, startTestApi } from '../../testing.ts'
import { mostNames, staffNameApi } from './staff-name.contract.ts'

it('tells who people are who work here, and of patients nothing', async () => {
  await using api = await startTestApi()
  const [nurse, doctor, auditor] = [await api.person('nurse'), await api.person('doctor'), await api.person('auditor')]
  const patient = await api.person('patient', { patient_id: await api.patient() })
  const ask = (ids: string[], who = patient) => who.call(staffNameApi.list, { query: { ids: ids.join(',') } })
  const { items } = await ask([nurse.user_id, patient.user_id, doctor.user_id])
  assert.deepEqual(
    new Map(items.map(({ id, first_name, last_name }) => [id, `${first_name} ${last_name}`])),
    new Map([
      [nurse.user_id, 'Test nurse'],
      [doctor.user_id, 'Test doctor'],
    ]),
  )
  await assert.rejects(ask([nurse.user_id], auditor), refusedWith(forbidden))
  await assert.rejects(ask(Array.from({ length: mostNames + 1 }, () => nurse.user_id)), refusedWith(invalidRequest))
})
