import { implement, type Route } from '#platform/http/mount.ts'
import type { Calendars } from './calendars.ts'
import { doctorApi } from './doctor.contract.ts'
import {
  createDoctor,
  createOwnProfile,
  getDoctor,
  getOwnProfile,
  listDoctors,
  listProfiles,
  readProfile,
  replaceDoctor,
  updateOwnProfile,
} from './doctor.service.ts'
import { scheduleApi } from './schedule.contract.ts'
import { addBlock, getSchedule, listScheduled, removeBlock, replaceSchedule } from './schedule.service.ts'
import { slotApi, type NextSlots } from './slot.contract.ts'
import { shareSearches } from './search-sharing.ts'
import { listNextSlots } from './slot-search.service.ts'
import { listSlots } from './slot.service.ts'

export function doctorRoutes(calendars: Calendars): Route[] {
  const share = shareSearches<NextSlots>()
  return [
    ...implement('doctors', doctorApi, {
      create: (ctx, { body }) => createDoctor(ctx, body),
      list: (ctx, { query }) => listDoctors(ctx, calendars, query),
      createOwn: (ctx, { body }) => createOwnProfile(ctx, body),
      getOwn: (ctx) => getOwnProfile(ctx),
      updateOwn: (ctx, { body }) => updateOwnProfile(ctx, body),
      get: (ctx, { params }) => getDoctor(ctx, params.doctor_id),
      listProfiles: (ctx, { query }) => listProfiles(ctx, query),
      readProfile: (ctx, { params }) => readProfile(ctx, params.doctor_id),
      update: (ctx, { params, body }) => replaceDoctor(ctx, params.doctor_id, body),
    }),
    ...implement('schedule', scheduleApi, {
      list: (ctx, { query }) => listScheduled(ctx, query),
      get: (ctx, { params }) => getSchedule(ctx, params.doctor_id),
      add: (ctx, { params, body }) => addBlock(ctx, params.doctor_id, body),
      replace: (ctx, { params, body }) => replaceSchedule(ctx, params.doctor_id, body),
      remove: (ctx, { params }) => removeBlock(ctx, params.doctor_id, params.block_id),
    }),
    ...implement('slots', slotApi, {
      listOfDoctor: (ctx, { params, query }) => listSlots(ctx, params.doctor_id, query),
      // Each session for itself: one that has ended must not answer for others.
      listNext: (ctx, { query }) =>
        share(JSON.stringify([ctx.actor.session_id, query]), () => listNextSlots(ctx, calendars, query)),
    }),
  ]
}
