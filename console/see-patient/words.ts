// The words of a visit in the language that is spoken.
import { en } from '../words/visit.en.ts'
import { es } from '../words/visit.es.ts'
import { useWordsOf } from '../words/words.tsx'

const all = { en, es }

export function useVisitWords() {
  return useWordsOf(all)
}
