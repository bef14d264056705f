// The variables of traces. Read by configuration.ts alone.
import { z } from 'zod'

export const tracingVariables = {
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'must be an http(s) address such as http://127.0.0.1:4318' })
    .optional(),
  OPENWARD_TRACE_SHARE: z
    .string()
    .regex(/^(0(\.\d+)?|1(\.0+)?)$/, 'must be a number from 0 to 1')
    .transform(Number)
    .default(1),
}
