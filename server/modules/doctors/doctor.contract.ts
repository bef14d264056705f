// Doctors: what everyone may read on the door, and the profile behind it.
import { z } from 'zod'
import { Id, Instant, ListOf, LocalDate, LocalTime, Page, Text, TimeZone } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, notFound } from '#platform/contract/problem.ts'

/** Everything that is public of a doctor; nothing else is. */
export const Doctor = z.object({
  id: Id.describe('The doctor_id everywhere; not the id of the user'),
  first_name: z.string(),
  last_name: z.string(),
  specialization: z.string(),
  location: z.string(),
  bio: z.string().nullable(),
  languages: z.array(z.string()),
  consultation_minutes: z.int(),
  available_from: LocalTime,
  available_to: LocalTime,
  timezone: z.string().meta({ examples: ['America/New_York'] }),
  accepts_new_patients: z.boolean(),
})
export type Doctor = z.output<typeof Doctor>

export const DoctorProfile = Doctor.extend({
  user_id: Id,
  license_number: z.string(),
  department_id: Id.nullable(),
  is_active: z.boolean(),
  created_at: Instant,
  updated_at: Instant,
  version: z.int(),
})
export type DoctorProfile = z.output<typeof DoctorProfile>

const ownMembers = {
  first_name: Text(100).optional().describe('As in the account unless given'),
  last_name: Text(100).optional().describe('As in the account unless given'),
  specialization: Text(100),
  license_number: Text(50),
  location: Text(200),
  bio: Text(2000).nullish(),
  languages: z.array(Text(35, 2)).max(20).default([]),
  consultation_minutes: z.int().min(5).max(240).default(30),
  available_from: LocalTime.default('09:00'),
  available_to: LocalTime.default('17:00'),
  timezone: TimeZone.optional().describe("The hospital's unless given"),
  accepts_new_patients: z.boolean().default(true),
}
const administeredMembers = {
  department_id: Id.nullish().describe('That of the account where it is left out at creation'),
  is_active: z.boolean().default(true),
}
const endsAfterStart = ({ available_from, available_to }: { available_from: string; available_to: string }) =>
  available_from < available_to
const endsBeforeStart = { path: ['available_to'], error: 'Must be after available_from, on the same day' }

/** What doctors say of themselves. Whose department they are in and whether they work here is the administrator's. */
export const OwnDoctorRequest = z.strictObject(ownMembers).refine(endsAfterStart, endsBeforeStart)
export type OwnDoctorRequest = z.output<typeof OwnDoctorRequest>

export const DoctorRequest = z
  .strictObject({ ...ownMembers, ...administeredMembers })
  .refine(endsAfterStart, endsBeforeStart)
export type DoctorRequest = z.output<typeof DoctorRequest>

export const NewDoctorRequest = z
  .strictObject({ user_id: Id, ...ownMembers, ...administeredMembers })
  .refine(endsAfterStart, endsBeforeStart)
export type NewDoctorRequest = z.output<typeof NewDoctorRequest>

export const DoctorQuery = z.strictObject({
  ...Page,
  specialization: Text(100).optional(),
  location: Text(200).optional().describe('Part of the location'),
  language: Text(35, 2).optional(),
  q: Text(100).optional().describe('Words of the name or the specialization, in any order'),
  available_on: LocalDate.optional().describe("Has a free slot on that day of the doctor's zone"),
})
export type DoctorQuery = z.output<typeof DoctorQuery>

export const DoctorProfileQuery = z.strictObject({ ...Page, user_id: Id.optional() })
export type DoctorProfileQuery = z.output<typeof DoctorProfileQuery>

export const profileExists = defineProblem(
  'profile_exists',
  409,
  'This account has a doctor profile already: change that one',
)
export const licenseTaken = defineProblem(
  'license_taken',
  409,
  'Another doctor has this license number: check the number',
)
export const notADoctor = defineProblem(
  'not_a_doctor',
  422,
  'Only an active account with the role doctor can have a doctor profile',
)
export const departmentUnknown = defineProblem('department_unknown', 422, 'There is no such department')

const example = {
  specialization: 'Cardiology',
  license_number: 'MD-104512',
  location: 'Main building, floor 2',
  languages: ['en', 'es'],
  consultation_minutes: 30,
  available_from: '09:00',
  available_to: '17:00',
  timezone: 'America/New_York',
}
const created = { action: 'doctor.create', resource_type: 'doctor' } as const
const updated = { action: 'doctor.update', resource_type: 'doctor' } as const

export const doctorApi = {
  create: {
    method: 'POST',
    path: '/api/v1/doctors',
    summary: 'Give an account with the role doctor its profile',
    access: 'doctors:create',
    audit: created,
    body: NewDoctorRequest,
    returns: [201, DoctorProfile],
    versioned: true,
    problems: [profileExists, licenseTaken, notADoctor, departmentUnknown, notFound],
    example: { user_id: '019b0a52-7f3e-7c3c-8a1d-0f4a6f0f2b11', ...example },
  },
  list: {
    method: 'GET',
    path: '/api/v1/doctors',
    summary: 'Find doctors',
    description: 'Sorted by last name, first name and id. Public.',
    access: 'public',
    audit: 'none',
    query: DoctorQuery,
    returns: [200, ListOf(Doctor)],
    problems: [],
    limit_per_minute: 120,
  },
  createOwn: {
    method: 'POST',
    path: '/api/v1/doctors/profile',
    summary: 'Make your own doctor profile',
    access: 'doctors:create',
    audit: created,
    body: OwnDoctorRequest,
    returns: [201, DoctorProfile],
    versioned: true,
    problems: [profileExists, licenseTaken, notADoctor],
    example,
  },
  getOwn: {
    method: 'GET',
    path: '/api/v1/doctors/profile',
    summary: 'Your own doctor profile',
    access: 'doctors:update',
    audit: 'none',
    returns: [200, DoctorProfile],
    versioned: true,
    problems: [notFound],
  },
  updateOwn: {
    method: 'PUT',
    path: '/api/v1/doctors/profile',
    summary: 'Replace your own doctor profile',
    access: 'doctors:update',
    audit: updated,
    body: OwnDoctorRequest,
    returns: [200, DoctorProfile],
    versioned: true,
    problems: [licenseTaken, notFound],
    example,
  },
  get: {
    method: 'GET',
    path: '/api/v1/doctors/{doctor_id}',
    summary: 'One doctor',
    access: 'public',
    audit: 'none',
    params: z.strictObject({ doctor_id: Id }),
    returns: [200, Doctor],
    problems: [],
    limit_per_minute: 120,
  },
  listProfiles: {
    method: 'GET',
    path: '/api/v1/doctors/profiles',
    summary: 'Profiles of doctors, with those who are not active',
    description: "Every one for who changes them all, one's own for a doctor. Sorted by last name, first name and id.",
    access: 'doctors:update',
    audit: 'none',
    query: DoctorProfileQuery,
    returns: [200, ListOf(DoctorProfile)],
    problems: [],
  },
  readProfile: {
    method: 'GET',
    path: '/api/v1/doctors/{doctor_id}/profile',
    summary: 'The whole profile of a doctor, to change it',
    access: 'doctors:update',
    audit: 'none',
    params: z.strictObject({ doctor_id: Id }),
    returns: [200, DoctorProfile],
    versioned: true,
    problems: [notFound],
  },
  update: {
    method: 'PUT',
    path: '/api/v1/doctors/{doctor_id}',
    summary: 'Replace a doctor profile',
    access: 'doctors:update',
    audit: updated,
    params: z.strictObject({ doctor_id: Id }),
    body: DoctorRequest,
    returns: [200, DoctorProfile],
    versioned: true,
    problems: [licenseTaken, departmentUnknown],
    example,
  },
} as const satisfies Api
