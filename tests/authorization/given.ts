// What the requests of the matrix are given: each time another person, another free time, another report.
import { randomInt } from 'node:crypto'

export const prescriptionFor = (patient_id: string) => ({
  patient_id,
  medicines: [
    { name: 'Loratadine', dosage: '10 mg', route: 'oral', frequency: 'daily', duration_days: 10, quantity: 10 },
  ],
})

/** Someone whom no duplicate search can take for another. */
export function newPatient() {
  const letters = () => Array.from({ length: 10 }, () => String.fromCharCode(97 + randomInt(26))).join('')
  return {
    first_name: letters(),
    last_name: letters(),
    date_of_birth: `${1940 + randomInt(60)}-0${1 + randomInt(9)}-1${randomInt(10)}`,
    gender: 'FEMALE',
    phone_primary: `+1415555${String(randomInt(10_000)).padStart(4, '0')}`,
    ssn: `${String(100 + randomInt(500))}-${String(10 + randomInt(80))}-${String(1000 + randomInt(8999))}`,
  }
}

let reports = 0
/** A form with a report that differs from every other one. */
export function reportForm(members: Record<string, string>) {
  reports += 1
  const part = (head: string, text: string) => `--part\r\ncontent-disposition: form-data; ${head}\r\n\r\n${text}\r\n`
  const texts = Object.entries(members).map(([name, value]) => part(`name="${name}"`, value))
  const file = part('name="file"; filename="report.txt"\r\ncontent-type: text/plain', `Report ${reports}`)
  return {
    raw: `${texts.join('')}${file}--part--\r\n`,
    headers: { 'content-type': 'multipart/form-data; boundary=part' },
  }
}

let slots = 0
/** A start that nobody has yet: Mondays to Fridays from 9 to 17 in New York, some days ahead. */
export function nextSlot(): string {
  const minutes = slots * 30
  slots += 1
  let day = Temporal.Now.zonedDateTimeISO('America/New_York').add({ days: 2 }).startOfDay()
  for (let left = Math.floor(minutes / 480); day.dayOfWeek > 5 || left > 0; day = day.add({ days: 1 })) {
    if (day.dayOfWeek <= 5) left -= 1
  }
  return day
    .with({ hour: 9 })
    .add({ minutes: minutes % 480 })
    .toInstant()
    .toString()
}
