// The words of radiology in the language that is spoken.
import { en } from '../words/radiology.en.ts'
import { es } from '../words/radiology.es.ts'
import { useWordsOf } from '../words/words.tsx'

const all = { en, es }

export function useRadiologyWords() {
  return useWordsOf(all)
}
