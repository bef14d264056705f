// The variables of the review of activity: what stands out in the audit log. Read with variables.ts.
import { z } from 'zod'

const integer = (least: number, most: number) =>
  z.string().regex(/^\d+$/, 'must be a whole number').transform(Number).pipe(z.number().min(least).max(most))
const hours = /^((?:[01]\d|2[0-3]):[0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d)$/

export const reviewVariables = {
  OPENWARD_REVIEW_MASS_READS: integer(10, 10_000).default(100),
  OPENWARD_REVIEW_MASS_MINUTES: integer(5, 1440).default(60),
  OPENWARD_REVIEW_FAILED_SIGN_INS: integer(5, 1000).default(20),
  OPENWARD_REVIEW_HOURS: z
    .union([z.literal('off'), z.string().regex(hours)], {
      error: 'must be hours such as 06:00-22:00, or off',
    })
    .refine((value) => value === 'off' || value.slice(0, 5) < value.slice(6), 'must begin before they end')
    .default('06:00-22:00'),
  OPENWARD_REVIEW_EMERGENCY_HOURS: integer(1, 720).default(72),
}

export type ReviewSettings = Readonly<{
  /** Different records that one person opens within `mass_minutes`. */
  mass_reads: number
  mass_minutes: number
  /** Refused attempts for one account within an hour. */
  failed_sign_ins: number
  /** Wall-clock times of the hospital between which work is usual; undefined: no hour is unusual. */
  usual_hours: { from: string; to: string } | undefined
  /** How long an emergency access may wait for its review. */
  emergency_hours: number
}>

type Read = z.output<z.ZodObject<typeof reviewVariables>>

export function reviewSettings(variables: Read): ReviewSettings {
  const [, from, to] = hours.exec(variables.OPENWARD_REVIEW_HOURS) ?? []
  return {
    mass_reads: variables.OPENWARD_REVIEW_MASS_READS,
    mass_minutes: variables.OPENWARD_REVIEW_MASS_MINUTES,
    failed_sign_ins: variables.OPENWARD_REVIEW_FAILED_SIGN_INS,
    usual_hours: from === undefined || to === undefined ? undefined : { from, to },
    emergency_hours: variables.OPENWARD_REVIEW_EMERGENCY_HOURS,
  }
}
