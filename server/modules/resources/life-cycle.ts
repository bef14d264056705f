// What people may make of a resource, and what becomes of it by itself. Who has it says the rest: resource_board in the database.
import type { ResourceType, SettableStatus } from './resource.contract.ts'

/** As the database keeps it: `in_service` is what shows as available, occupied or reserved. */
export type ResourceState = 'in_service' | 'cleaning' | 'maintenance' | 'retired'

export const stateOf: Readonly<Record<SettableStatus, ResourceState>> = {
  available: 'in_service',
  cleaning: 'cleaning',
  maintenance: 'maintenance',
  retired: 'retired',
}

/** Of one that nobody has. What was retired is looked after before it is used again. */
export const transitions: Readonly<Record<ResourceState, readonly SettableStatus[]>> = {
  in_service: ['cleaning', 'maintenance', 'retired'],
  cleaning: ['available', 'maintenance', 'retired'],
  maintenance: ['available', 'cleaning', 'retired'],
  retired: ['maintenance'],
}

/** Of one that somebody has in a lane, while another lane was left and is to be cleaned. */
export const transitionsOfOccupied: Readonly<Record<ResourceState, readonly SettableStatus[]>> = {
  in_service: [],
  cleaning: ['available'],
  maintenance: [],
  retired: [],
}

/** Whether it is to be cleaned when somebody leaves it. */
export const isCleanedAfterUse: Readonly<Record<ResourceType, boolean>> = {
  bed: true,
  icu_bed: true,
  operating_room: true,
  room: false,
  ventilator: false,
  equipment: false,
  ambulance: false,
}
