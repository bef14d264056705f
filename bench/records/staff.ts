// Who records: a nurse and a doctor of a department of their own, made by an administrator at the first run.
import { createClient, type Send } from '#platform/contract/client.ts'
import { departmentApi, departmentCodeTaken } from '../../server/modules/departments/department.contract.ts'
import { doctorApi, profileExists } from '../../server/modules/doctors/doctor.contract.ts'
import { accountExists } from '../../server/modules/identity/account.contract.ts'
import { userApi } from '../../server/modules/identity/user.contract.ts'
import { type Call, sendAs, unless } from './connection.ts'

export type Staff = { nurse: Call; doctor: Call; doctor_id: string }

const department = { name: 'Former records', code: 'RECORDS' }
const profile = {
  specialization: 'Former records',
  license_number: 'FORMER-RECORDS',
  location: 'Archive',
  languages: ['en'],
  consultation_minutes: 30,
  available_from: '09:00',
  available_to: '17:00',
  timezone: 'UTC',
}

/** @param password of both accounts, at this run and every other one */
export async function gatherStaff(send: Send, administrator: Call, password: string): Promise<Staff> {
  const department_id = await openDepartment(administrator)
  const join = async (role: 'nurse' | 'doctor') => {
    const email = `former-records.${role}@example.org`
    const body = { email, password, first_name: 'Former', last_name: 'Records', role, department_id }
    await unless(accountExists, administrator(userApi.create, { body }))
    return createClient(sendAs(send, { email, password }))
  }
  const [nurse, doctor] = [await join('nurse'), await join('doctor')]
  await unless(profileExists, doctor(doctorApi.createOwn, { body: profile }))
  return { nurse, doctor, doctor_id: (await doctor(doctorApi.getOwn, {})).id }
}

async function openDepartment(administrator: Call): Promise<string> {
  const made = await unless(departmentCodeTaken, administrator(departmentApi.create, { body: department }))
  if (made) return made.id
  const { items } = await administrator(departmentApi.list, {})
  const known = items.find(({ code }) => code === department.code)
  if (!known) throw new Error(`the department ${department.code} is there, and is not listed`)
  return known.id
}
