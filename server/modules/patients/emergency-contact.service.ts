// Adding, changing and removing whom to call for a patient.
import { randomUUIDv7 } from 'node:crypto'
import { lockChangeable, readOfPatient, sealChanges } from './changeable.ts'
import type { EmergencyContact, NewEmergencyContact } from './emergency-contact.contract.ts'
import {
  clearPrimaryContact,
  type ContactRow,
  countContacts,
  deleteContact,
  findContact,
  insertContact,
  listContacts,
  updateContact,
} from './emergency-contact.store.ts'
import { readName } from './names.ts'
import { type Address, withoutGaps } from './patient-members.ts'
import { openKeyOf } from './patient.sealing.ts'
import { readPhone } from './phones.ts'
import type { Context } from '#platform/context.ts'
import { decodeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { type InvalidMember, invalidRequest, notFound, Problem, stale } from '#platform/contract/problem.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { openJson, sealJson } from '#platform/encryption/sealing.ts'

type Sealed = { name: string; phone: string; email: string | null; address: Address | null }
type Known = Sealed & Pick<EmergencyContact, 'relationship' | 'is_primary'>

const place = (row_id: string) => ({ table: 'emergency_contacts', column: 'sealed_contact', row_id })
/** Where those go on who come behind the first one: before every id that there is. */
const beforeAll = '00000000-0000-0000-0000-000000000000'
const members = ['name', 'phone', 'email', 'address', 'relationship', 'is_primary'] as const

/** @throws Problem notFound, patientErased */
export async function listEmergencyContacts(
  ctx: Context,
  patient_id: string,
  { skip, limit, cursor }: { skip: number; limit: number; cursor?: string | undefined },
) {
  const page = { skip, limit: limit + 1, after: decodeCursor(cursor) }
  const [rows, { total }] = await readOfPatient(ctx, patient_id, (tx) =>
    Promise.all([tx.rows(listContacts(patient_id, page)), tx.one(countContacts(patient_id))]),
  )
  const items = rows.slice(0, limit).map((row) => answer(ctx.system.keys.keyring, row))
  ctx.saw({ details: { count: items.length } })
  const last = rows.length > limit ? items.at(-1) : undefined
  const next_cursor = encodeCursor(last?.is_primary ? beforeAll : last?.id)
  return { items, total, page: Math.floor(skip / limit) + 1, limit, next_cursor }
}

/** @throws Problem as the contract lists */
export async function addEmergencyContact(
  ctx: Context,
  patient_id: string,
  body: NewEmergencyContact,
): Promise<EmergencyContact> {
  const known = read(ctx, body)
  return ctx.database.transaction(async (tx) => {
    const { key, purpose } = await lockChangeable(ctx, tx, patient_id)
    const id = randomUUIDv7()
    if (known.is_primary) await tx.run(clearPrimaryContact(patient_id))
    const written = {
      id,
      patient_id,
      key_id: key.id,
      sealed_contact: sealJson(key, place(id), sealedOf(known)),
      relationship: known.relationship,
      is_primary: known.is_primary,
    }
    const stamp = await tx.one(insertContact(written))
    tx.audit({
      action: 'emergency_contact.create',
      resource_type: 'emergency_contact',
      resource_id: id,
      patient_id,
      purpose,
      changes: sealChanges(key, members, {}, known),
    })
    ctx.header('location', `/api/v1/patients/${patient_id}/emergency-contacts/${id}`)
    return { id, patient_id, ...known, ...stamp }
  })
}

/** @throws Problem as the contract lists */
export async function replaceEmergencyContact(
  ctx: Context,
  patient_id: string,
  id: string,
  body: NewEmergencyContact,
): Promise<EmergencyContact> {
  const known = read(ctx, body)
  return ctx.database.transaction(async (tx) => {
    const { key, purpose } = await lockChangeable(ctx, tx, patient_id)
    const row = await tx.first(findContact(patient_id, id))
    assertCurrent(ctx, row)
    const before = answer(ctx.system.keys.keyring, row)
    if (known.is_primary && !before.is_primary) await tx.run(clearPrimaryContact(patient_id))
    const written = {
      id,
      patient_id,
      key_id: key.id,
      sealed_contact: sealJson(key, place(id), sealedOf(known)),
      relationship: known.relationship,
      is_primary: known.is_primary,
    }
    const stamp = await tx.one(updateContact(written))
    const fields = members.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(known[name]))
    tx.audit({
      action: 'emergency_contact.update',
      resource_type: 'emergency_contact',
      resource_id: id,
      patient_id,
      purpose,
      details: { fields },
      changes: sealChanges(key, fields, before, known),
    })
    return { id, patient_id, ...known, ...stamp }
  })
}

/** @throws Problem as the contract lists */
export async function removeEmergencyContact(ctx: Context, patient_id: string, id: string): Promise<void> {
  await ctx.database.transaction(async (tx) => {
    const { key, purpose } = await lockChangeable(ctx, tx, patient_id)
    const row = await tx.first(findContact(patient_id, id))
    assertCurrent(ctx, row)
    await tx.run(deleteContact(id))
    const before = answer(ctx.system.keys.keyring, row)
    tx.audit({
      action: 'emergency_contact.delete',
      resource_type: 'emergency_contact',
      resource_id: id,
      patient_id,
      purpose,
      changes: sealChanges(key, members, before, {}),
    })
  })
}

function assertCurrent(ctx: Context, row: ContactRow | undefined): asserts row is ContactRow {
  if (!row) throw new Problem(notFound)
  if (ctx.if_match !== undefined && ctx.if_match !== row.version) throw new Problem(stale)
}

function read(
  ctx: Context,
  { name, relationship, phone, email, address, is_primary = false }: NewEmergencyContact,
): Known {
  const readings = { name: readName(name), phone: readPhone(ctx.system.configuration.country, phone) }
  const errors: InvalidMember[] = Object.entries(readings).flatMap(([member, reading]) =>
    reading.ok ? [] : [{ path: `/body/${member}`, ...reading.flaw }],
  )
  if (!readings.name.ok || !readings.phone.ok) throw new Problem(invalidRequest, { errors })
  return {
    name: readings.name.value,
    phone: readings.phone.value,
    email: email ?? null,
    address: address ? withoutGaps(address) : null,
    relationship,
    is_primary,
  }
}

function sealedOf({ name, phone, email, address }: Known): Sealed {
  return { name, phone, email, address }
}

function answer(keyring: Keyring, row: ContactRow): EmergencyContact {
  const { name, phone, email, address } = openJson<Sealed>(openKeyOf(keyring, row), place(row.id), row.sealed_contact)
  const { id, patient_id, relationship, is_primary, created_at, updated_at, version } = row
  return { id, patient_id, name, relationship, phone, email, address, is_primary, created_at, updated_at, version }
}
