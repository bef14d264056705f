// The words of nursing, in the language that was chosen. They come with its pages.
import { useMemo } from 'react'
import { nurseEn } from './nurse.en.ts'
import { nurseEs } from './nurse.es.ts'
import { numberFormat } from './numbers.ts'
import { useSpoken, useWordsOf } from './words.tsx'

export const useNurseWords = () => useWordsOf({ en: nurseEn, es: nurseEs })

/** Writes a number as people of a place do. */
export function useNumber(): (value: number) => string {
  const { locale } = useSpoken()
  return useMemo(() => {
    const format = numberFormat(locale, { maximumFractionDigits: 1 })
    return (value) => format.format(value)
  }, [locale])
}
