// The words of prescribing in the language that is spoken.
import { en } from '../words/prescribe.en.ts'
import { es } from '../words/prescribe.es.ts'
import { useWordsOf } from '../words/words.tsx'

const all = { en, es }

export function usePrescribeWords() {
  return useWordsOf(all)
}
