// How a doctor is written, and what they speak.
import { useMemo } from 'react'
import type { Doctor } from '#contracts/doctors/doctor'
import { useSpoken } from '../words/words.tsx'

export function doctorName({ first_name, last_name }: Pick<Doctor, 'first_name' | 'last_name'>): string {
  return `${first_name} ${last_name}`
}

/** The name of a language in that of the reader; the tag where nobody knows it. */
export function useLanguageName(): (tag: string) => string {
  const { locale } = useSpoken()
  return useMemo(() => {
    const names = new Intl.DisplayNames(locale, { type: 'language' })
    return (tag) => {
      try {
        return names.of(tag) ?? tag
      } catch {
        return tag
      }
    }
  }, [locale])
}
