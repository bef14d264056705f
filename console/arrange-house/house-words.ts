// The words of the house, for each page of it.
import { en } from '../words/house.en.ts'
import { es } from '../words/house.es.ts'
import { useWordsOf } from '../words/words.tsx'

export function useHouseWords() {
  return useWordsOf({ en, es })
}
