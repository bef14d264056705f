// What is asked about somebody who is being registered, as soon as enough of it is typed.

export type Typed = {
  first_name: string
  last_name: string
  date_of_birth: string
  phone_primary: string
  ssn: string
  national_id: string
  email: string
}
type Question = Partial<Record<'name' | 'date_of_birth' | 'phone' | 'ssn' | 'national_id' | 'email', string>>

const leastDigits = 7

export function lookalikeQuestions(typed: Typed): Question[] {
  const first = typed.first_name.trim()
  const last = typed.last_name.trim()
  const phone = typed.phone_primary.trim()
  const date_of_birth = /^\d{4}-\d{2}-\d{2}$/.test(typed.date_of_birth) ? typed.date_of_birth : undefined
  const questions: (Question | false)[] = [
    first.length > 1 && last.length > 1 && { name: `${first} ${last}`, ...(date_of_birth && { date_of_birth }) },
    phone.replaceAll(/\D/g, '').length >= leastDigits && { phone },
    typed.ssn.trim() !== '' && { ssn: typed.ssn.trim() },
    typed.national_id.trim() !== '' && { national_id: typed.national_id.trim() },
    /.@.+\../.test(typed.email) && { email: typed.email.trim() },
  ]
  return questions.filter((question) => question !== false)
}
