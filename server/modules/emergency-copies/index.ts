// Emergency copies: who is here and what they are given, readable while the database is away by whoever has the break-glass key.
import { repeat, type Repeated } from '#platform/jobs/repeat.ts'
import type { Module } from '#platform/module.ts'
import { copyEveryMilliseconds, emergencyCopyCheck, enterOpenings, makeCopies } from './copies.service.ts'

export { CopyRefused, openCopy, readHead } from './copy-file.ts'
export type { CopyContent } from './copy-content.ts'
export { copyLateMinutes, emergencyCopyCheck, emergencyCopyMeasure, enterOpenings } from './copies.service.ts'
export { noteOpening } from './opening.ts'
export { htmlPage, textPage } from './page.ts'

/** Every server that names a folder fills it, by itself and not by a job of all: its copies must not depend on another machine. */
export const emergencyCopies: Module = {
  name: 'emergency-copies',
  async open(system) {
    const { emergency } = system.configuration
    const check = emergencyCopyCheck(system.configuration)
    if (!emergency || !check) return { routes: [] }
    let making: Repeated | undefined
    const work = async () => {
      await makeCopies(system)
      const { refused } = await enterOpenings(system, emergency.directory)
      if (refused.length > 0)
        throw new Error(
          `openings that cannot be read, under a master key that is gone or altered: ${refused.join(', ')}`,
        )
    }
    return {
      routes: [],
      checks: { emergency_copies: check },
      async start() {
        making = repeat({ name: 'emergency.copies', every_ms: copyEveryMilliseconds, work, log: system.log })
      },
      stop: async () => making?.stop(),
    }
  },
}
