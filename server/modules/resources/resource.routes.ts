import { implement, type Route } from '#platform/http/mount.ts'
import { assignmentApi } from './assignment.contract.ts'
import { assignResource, releaseResource, transferResource } from './assignment.service.ts'
import { reservationApi } from './reservation.contract.ts'
import { cancelOne, createReservation, listReservations } from './reservation.service.ts'
import { resourceApi } from './resource.contract.ts'
import {
  createResource,
  getAvailability,
  getResource,
  listResources,
  replaceResource,
  setStatus,
} from './resource.service.ts'
import { getOccupancy, listLongStays, listOfPatient, listOfResource } from './stay-list.service.ts'

export function resourceRoutes(): Route[] {
  return [
    ...implement('resources', resourceApi, {
      create: (ctx, { body }) => createResource(ctx, body),
      list: (ctx, { query }) => listResources(ctx, query),
      availability: (ctx, { query }) => getAvailability(ctx, query),
      get: (ctx, { params }) => getResource(ctx, params.resource_id),
      replace: (ctx, { params, body }) => replaceResource(ctx, params.resource_id, body),
      setStatus: (ctx, { params, body }) => setStatus(ctx, params.resource_id, body.status),
    }),
    ...implement('resource_assignments', assignmentApi, {
      assign: (ctx, { params, body }) => assignResource(ctx, params.resource_id, body),
      release: (ctx, { params, query }) => releaseResource(ctx, params.resource_id, query.assignment_id),
      transfer: (ctx, { params, body }) => transferResource(ctx, params.resource_id, body),
      history: (ctx, { params, query }) => listOfResource(ctx, params.resource_id, query),
      ofPatient: (ctx, { params, query }) => listOfPatient(ctx, params.patient_id, query),
      occupancy: (ctx, { query }) => getOccupancy(ctx, query),
      longStays: (ctx, { query }) => listLongStays(ctx, query),
    }),
    ...implement('resource_reservations', reservationApi, {
      list: (ctx, { params, query }) => listReservations(ctx, params.resource_id, query),
      create: (ctx, { params, body }) => createReservation(ctx, params.resource_id, body),
      cancel: (ctx, { params }) => cancelOne(ctx, params.resource_id, params.reservation_id),
    }),
  ]
}
