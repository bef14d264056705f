// Countries by their names in the language of the reader, from what the browser knows of ISO 3166.
import { useMemo } from 'react'
import { useSpoken } from '../words/words.tsx'

const letters = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ')
/** Regions that are known by a name and are no country. */
const noCountries = new Set(['EU', 'EZ', 'QO', 'UN', 'XA', 'XB', 'ZZ'])

export function useCountries(): { value: string; label: string }[] {
  const { locale } = useSpoken()
  return useMemo(() => {
    const names = new Intl.DisplayNames(locale, { type: 'region', fallback: 'none' })
    return letters
      .flatMap((first) => letters.map((second) => first + second))
      .flatMap((value) => {
        const label = noCountries.has(value) ? undefined : names.of(value)
        return label === undefined ? [] : [{ value, label }]
      })
      .toSorted((one, other) => one.label.localeCompare(other.label, locale))
  }, [locale])
}
