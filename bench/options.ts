// What a run was asked to do: the command line of `npm run bench`.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'

const project = join(import.meta.dirname, '..')

export const usage = `npm run bench -- [options]
  --people N        how many people the search is measured on (default 100000; the other rows use 10000)
  --appointments N  how many appointments the search for free slots is measured on (default 1000000)
  --only row,row    only these rows; the table in docs/performance.md is then left as it is
  --seconds S       length of one measurement (default 5)
  --minutes M       how long memory_flat loads the server (default 60; measured only with --only memory_flat)
  --rounds R        measurements of each side, taken in turns, of which the median counts (default 3)
  --json FILE       also write the results as JSON
  --write           write docs/performance.md even with --only (its other rows are kept)
  --reference DIR   where the reference lies (default ../shared/reference beside the checkout)
  --python FILE     the Python that runs it (default /usr/bin/python3)`

const whole = z.coerce.number().int().positive()

const Options = z.object({
  people: whole,
  appointments: whole,
  only: z.string().transform((text) => text.split(',').filter(Boolean)),
  seconds: whole,
  rounds: whole,
  minutes: whole,
  json: z.string().optional(),
  write: z.boolean(),
  reference: z.string(),
  python: z.string(),
})
export type Options = z.output<typeof Options>

/** Returns undefined when help was asked for. @throws when an option is unknown or not a number */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      people: { type: 'string', default: '100000' },
      appointments: { type: 'string', default: '1000000' },
      only: { type: 'string', default: '' },
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
      minutes: { type: 'string', default: '60' },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
      reference: { type: 'string', default: join(project, '..', 'shared', 'reference') },
      python: { type: 'string', default: '/usr/bin/python3' },
      help: { type: 'boolean', default: false },
    },
  })
  return values.help ? undefined : Options.parse(values)
}
