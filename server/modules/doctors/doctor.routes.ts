import { implement, type Route } from '#platform/http/mount.ts'
import { doctorApi } from './doctor.contract.ts'
import {
  createDoctor,
  createOwnProfile,
  getDoctor,
  getOwnProfile,
  listDoctors,
  replaceDoctor,
  updateOwnProfile,
} from './doctor.service.ts'
import { slotApi } from './slot.contract.ts'
import { listNextSlots, listSlots } from './slot.service.ts'

export function doctorRoutes(): Route[] {
  return [
    ...implement('doctors', doctorApi, {
      create: (ctx, { body }) => createDoctor(ctx, body),
      list: (ctx, { query }) => listDoctors(ctx, query),
      createOwn: (ctx, { body }) => createOwnProfile(ctx, body),
      getOwn: (ctx) => getOwnProfile(ctx),
      updateOwn: (ctx, { body }) => updateOwnProfile(ctx, body),
      get: (ctx, { params }) => getDoctor(ctx, params.doctor_id),
      update: (ctx, { params, body }) => replaceDoctor(ctx, params.doctor_id, body),
    }),
    ...implement('slots', slotApi, {
      listOfDoctor: (ctx, { params, query }) => listSlots(ctx, params.doctor_id, query),
      listNext: (ctx, { query }) => listNextSlots(ctx, query),
    }),
  ]
}
