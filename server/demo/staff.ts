// The doctors of the demonstration, their departments and their weeks.
import { randomUUIDv7 } from 'node:crypto'
import { sql } from '#platform/database/sql.ts'
import type { Database } from '#platform/database/transaction.ts'
import type { System } from '#platform/context.ts'
import { createUserAsOperator } from '#modules/identity'
import { createPerson } from './people.ts'
import { pick, type Random } from './random.ts'

export type DemoBlock = { weekday: number; start_time: string; end_time: string; slot_minutes: number }
export type DemoDoctor = { id: string; blocks: readonly DemoBlock[] }

const departments = [
  { name: 'Cardiology', code: 'CARD', specialization: 'Cardiology', doctors: 4, slot_minutes: 30 },
  { name: 'General medicine', code: 'GEN', specialization: 'General medicine', doctors: 6, slot_minutes: 20 },
  { name: 'Paediatrics', code: 'PED', specialization: 'Paediatrics', doctors: 3, slot_minutes: 20 },
  { name: 'Orthopaedics', code: 'ORTH', specialization: 'Orthopaedics', doctors: 3, slot_minutes: 30 },
  { name: 'Dermatology', code: 'DERM', specialization: 'Dermatology', doctors: 2, slot_minutes: 15 },
  { name: 'Radiology', code: 'RAD', specialization: 'Radiology', doctors: 2, slot_minutes: 30 },
] as const

/** The colleagues beside the doctors, who are invited and can sign in. */
const colleagues = [
  { role: 'nurse', first_name: 'Nadia', last_name: 'Nurse' },
  { role: 'staff', first_name: 'Rosa', last_name: 'Reception' },
  { role: 'auditor', first_name: 'Aldo', last_name: 'Auditor' },
] as const

const languages = [['en'], ['en', 'es'], ['en', 'fr'], ['en', 'ar'], ['en', 'zh']] as const

export type DemoStaff = { doctors: DemoDoctor[]; invitations: { who: string; link: string }[] }

/** Makes 6 departments, 20 doctors with their weeks, and a colleague of each other role. */
export async function makeStaff(
  system: System,
  database: Database,
  random: Random,
  timezone: string,
): Promise<DemoStaff> {
  const staff: DemoStaff = { doctors: [], invitations: [] }
  const invited = async (who: string, given: Record<string, unknown>) => {
    const { id, invitation } = await createUserAsOperator(system, given)
    if (invitation) staff.invitations.push({ who, link: invitation.link })
    return id
  }
  let number = 0
  let first_department: string | undefined
  for (const { name, code, specialization, doctors, slot_minutes } of departments) {
    const department_id = randomUUIDv7()
    first_department ??= department_id
    await database.once((tx) =>
      tx.run(
        sql`insert into departments (id, name, code) values (${department_id}, ${`Demo ${name}`}, ${`DEMO-${code}`})`,
      ),
    )
    for (let at = 0; at < doctors; at += 1) {
      number += 1
      const { first_name, last_name } = createPerson(97, number)
      const email = `demo.doctor.${number}@example.org`
      const user_id = await invited(`Dr ${last_name}`, { email, role: 'doctor', first_name, last_name, department_id })
      const id = randomUUIDv7()
      const blocks = weekOf(random, slot_minutes)
      await database.transaction(async (tx) => {
        await tx.run(sql`
          insert into doctors (id, user_id, first_name, last_name, specialization, license_number, department_id, location, languages,
                               consultation_minutes, timezone, created_at)
          values (${id}, ${user_id}, ${first_name}, ${last_name}, ${specialization}, ${`DEMO-${number}`}, ${department_id},
                  ${pick(random, ['Main building', 'East wing', 'Outpatient clinic'])}, ${[...pick(random, languages)]}::text[],
                  ${slot_minutes}, ${timezone}, now() - interval '60 days')`)
        await tx.run(sql`
          insert into schedule_blocks (doctor_id, weekday, start_time, end_time, slot_minutes, emergency_share, valid_from)
          select ${id}, weekday, start_time, end_time, ${slot_minutes}, 0.1, current_date - 60
            from unnest(${blocks.map(({ weekday }) => weekday)}::int[], ${blocks.map(({ start_time }) => start_time)}::time[],
                        ${blocks.map(({ end_time }) => end_time)}::time[]) as block(weekday, start_time, end_time)`)
      })
      staff.doctors.push({ id, blocks })
    }
  }
  for (const { role, first_name, last_name } of colleagues) {
    const email = `demo.${role}@example.org`
    await invited(role, {
      email,
      role,
      first_name,
      last_name,
      ...(first_department && { department_id: first_department }),
    })
  }
  return staff
}

/** Four or five days, a morning each and most afternoons. */
function weekOf(random: Random, slot_minutes: number): DemoBlock[] {
  const free_day = random() < 0.4 ? 1 + Math.floor(random() * 5) : 0
  return [1, 2, 3, 4, 5].flatMap((weekday) => {
    if (weekday === free_day) return []
    const morning = { weekday, start_time: pick(random, ['08:00', '08:30', '09:00']), end_time: '12:00', slot_minutes }
    const afternoon = {
      weekday,
      start_time: '13:00',
      end_time: pick(random, ['16:00', '17:00', '18:00']),
      slot_minutes,
    }
    return random() < 0.8 ? [morning, afternoon] : [morning]
  })
}
