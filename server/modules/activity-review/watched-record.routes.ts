import { implement, type Route } from '#platform/http/mount.ts'
import { watchedRecordApi } from './watched-record.contract.ts'
import { endWatch, listWatched, watchRecord } from './watched-record.service.ts'

export function watchedRecordRoutes(): Route[] {
  return implement('watched-records', watchedRecordApi, {
    list: (ctx, { query }) => listWatched(ctx, query),
    watch: (ctx, { params }) => watchRecord(ctx, params.patient_id),
    end: (ctx, { params }) => endWatch(ctx, params.patient_id),
  })
}
