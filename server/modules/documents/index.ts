// Documents: files of a patient, sealed, scanned, and shown to whoever may see the record.
import { documentRoutes } from './document.routes.ts'
import { openReceiving } from './receiving.ts'
import { scanDue, scanSchedule } from './scanning.ts'
import { sweepEveryMilliseconds, sweepFiles } from './sweeping.ts'
import { type Repeated, repeat } from '#platform/jobs/repeat.ts'
import type { Check, Module } from '#platform/module.ts'

export { documentTimeline } from './document-timeline.ts'
export { assertNameable, keepNamed } from './naming.ts'
export { type Comparison, compareFiles } from './comparing.ts'
export { type Verification, verifyDocuments } from './verifying.ts'

export const documents: Module = {
  name: 'documents',
  async open(system, jobs) {
    const receiving = openReceiving(system)
    const { scanner, storage, configuration, log } = system
    let sweeping: Repeated | undefined
    jobs.schedule(scanSchedule, ({ signal }) => scanDue(system, signal))
    const withoutScanner = async (): Promise<Check> =>
      configuration.production
        ? { status: 'degraded', detail: 'There is no virus scanner: no documents are taken until CLAMD_URL is set' }
        : { status: 'ok', detail: 'There is no virus scanner: documents are taken without, as in development only' }
    return {
      routes: documentRoutes(receiving),
      checks: { document_store: () => storage.check(), virus_scanner: () => scanner?.check() ?? withoutScanner() },
      async start() {
        receiving.start()
        sweeping = repeat({
          name: 'documents.sweep',
          every_ms: sweepEveryMilliseconds,
          work: () => sweepFiles(system),
          log,
        })
      },
      async stop() {
        await sweeping?.stop()
        await receiving.stop()
      },
    }
  },
}
