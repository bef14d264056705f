// The beds of the house, who has each of them, and what becomes of them.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import type { Concerns } from '../connection/concerns.ts'
import { readAll } from '../day-calendar/day.ts'
import { assignmentApi, type LongStay } from '#contracts/resources/assignment'
import { type Resource, resourceApi, type SettableStatus } from '#contracts/resources/resource'

export const bedConcerns: Concerns = { 'resource.*': [['resources']] }

export type Bed = Resource & { stays: readonly LongStay[] }

const types = ['bed', 'icu_bed'] as const

export function useBeds() {
  return useQuery({
    queryKey: ['resources', 'beds'],
    async queryFn() {
      const page = (cursor?: string) => ({ limit: '100', ...(cursor && { cursor }) })
      const [beds, stays] = await Promise.all([
        Promise.all(
          types.map((type) =>
            readAll<Resource>((cursor) => call(resourceApi.list, { query: { type, ...page(cursor) } })),
          ),
        ),
        Promise.all(
          types.map((type) =>
            readAll<LongStay>((cursor) =>
              call(assignmentApi.longStays, { query: { type, days: '0', ...page(cursor) } }),
            ),
          ),
        ),
      ])
      const ofBed = Map.groupBy(stays.flat(), ({ resource_id }) => resource_id)
      return beds.flat().map((bed): Bed => ({ ...bed, stays: ofBed.get(bed.id) ?? [] }))
    },
  })
}

export type BedChange =
  | { kind: 'assign'; bed: Bed; patient_id: string; expected_release_at: string | null }
  | { kind: 'transfer'; bed: Bed; stay: LongStay; to_resource_id: string }
  | { kind: 'release'; bed: Bed; stay: LongStay }
  | { kind: 'status'; bed: Bed; status: SettableStatus }

export function useBedChange() {
  const known = useQueryClient()
  return useMutation<unknown, Error, BedChange>({
    mutationFn(change) {
      const params = { resource_id: change.bed.id }
      switch (change.kind) {
        case 'assign': {
          const { patient_id, expected_release_at } = change
          return call(assignmentApi.assign, { params, body: { patient_id, expected_release_at } })
        }
        case 'transfer': {
          const body = { to_resource_id: change.to_resource_id, assignment_id: change.stay.id }
          return call(assignmentApi.transfer, { params, body })
        }
        case 'release':
          return call(assignmentApi.release, { params, query: { assignment_id: change.stay.id } })
        case 'status':
          return call(
            resourceApi.setStatus,
            { params, body: { status: change.status } },
            { version: change.bed.version },
          )
      }
    },
    onSettled: () => known.invalidateQueries({ queryKey: ['resources'] }),
  })
}

/** In the order of the house: wards by name, beds by code. */
export function byWard(beds: readonly Bed[]): { ward: string | null; beds: Bed[] }[] {
  const wards = Map.groupBy(beds, ({ ward }) => ward)
  return [...wards]
    .map(([ward, ofWard]) => ({
      ward,
      beds: ofWard.toSorted((a, b) => a.code.localeCompare(b.code, undefined, { numeric: true })),
    }))
    .sort((a, b) => Number(a.ward === null) - Number(b.ward === null) || (a.ward ?? '').localeCompare(b.ward ?? ''))
}
