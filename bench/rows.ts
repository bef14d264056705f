// Every row of the table, in the order in which they are measured.
import type { Row } from './row.ts'
import { booking_rows } from './rows/booking.ts'
import { console_rows } from './rows/console-pages.ts'
import { crowd_row } from './rows/crowd.ts'
import { loser_rows } from './rows/losers.ts'
import { growth_rows } from './rows/growth.ts'
import { patient_rows } from './rows/patients.ts'
import { import_row, memory_of_many_row, memory_row, start_row } from './rows/process.ts'
import { slot_rows } from './rows/slots.ts'
import { vital_signs_row } from './rows/vital-signs.ts'
import { memory_flat_row } from './rows/memory-flat.ts'
import { sign_ins_row } from './rows/sign-ins.ts'
import { users_row } from './rows/users.ts'
import { search_against_lookup_row, search_row } from './rows/search.ts'

/** Measured with the usual number of people. Registering comes late: it adds people to one side more than to the other. */
export const usual_rows: readonly Row[] = [
  ...patient_rows.filter((row) => row.name !== 'register_patient'),
  search_against_lookup_row,
  ...booking_rows,
  ...loser_rows,
  vital_signs_row,
  ...patient_rows.filter((row) => row.name === 'register_patient'),
  users_row,
  sign_ins_row,
  crowd_row,
  memory_row,
  memory_flat_row,
  start_row,
  ...slot_rows,
]

/** Measured with as many people as `--people` says. */
export const grown_rows: readonly Row[] = [import_row, search_row, memory_of_many_row, ...growth_rows, ...console_rows]
