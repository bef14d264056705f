// What the tests of the review share.
import { sealAll } from '../audit-trail/sealing.testing.ts'
import { openAuditSealing } from '../audit-trail/sealing.ts'
import { patientApi } from '../patients/patient.contract.ts'
import type { Configuration } from '#platform/configuration.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'
import { findingApi, type FindingKind } from './finding.contract.ts'
import { reviewActivity } from './reviewing.ts'

const review: Configuration['review'] = {
  mass_reads: 5,
  mass_minutes: 60,
  failed_sign_ins: 6,
  usual_hours: undefined,
  emergency_hours: 72,
}

/** A hospital whose log is looked through when a test says so. */
export async function start(change: Partial<Configuration['review']> = {}) {
  const api = await startTestApi({ review: { ...review, ...change } })
  const auditor = await api.person('auditor')
  const sealing = await openAuditSealing(api.system)
  return {
    api,
    auditor,
    run: async () => {
      await sealAll(api, sealing)
      return reviewActivity(api.system)
    },
    found: async (
      query: { kind?: FindingKind; closed?: 'true' | 'false'; user_id?: string; patient_id?: string } = {},
    ) => (await auditor.call(findingApi.list, { query })).items,
    close: (id: string, who: Person = auditor) =>
      who.call(findingApi.close, {
        params: { finding_id: id },
        body: { verdict: 'justified', remark: 'Asked, and answered' },
      }),
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  }
}

export const read = (who: Person, patient_id: string) => who.call(patientApi.read, { params: { patient_id } })
export async function readMany(api: TestApi, who: Person, count: number) {
  for (let index = 0; index < count; index += 1) await read(who, await api.patient())
}
