// The jobs of the warehouse.
import { z } from 'zod'
import { Id } from '#platform/contract/fields.ts'
import { defineJob, defineSchedule } from '#platform/jobs/job.ts'

export const exportWork = defineJob({
  name: 'warehouse.export',
  payload: z.strictObject({ run_id: Id }),
  retry: { limit: 8, delay_seconds: 10 },
  expire_seconds: 6 * 3600,
  batch: 2,
})

/** Many looks at one pipeline are jobs of their own: this is how often one of them is tried. */
export const pipelineWork = defineJob({
  name: 'warehouse.pipeline',
  payload: z.strictObject({ run_id: Id }),
  retry: { limit: 10, delay_seconds: 10 },
})

/** Looks whether a run is due: by the clock, or because somebody was erased since the last one. */
export const dueSchedule = defineSchedule({ name: 'warehouse.due', every_seconds: 900, retry: { limit: 1 } })
