// The words of this task in the language that is spoken.
import { en } from '../words/details.en.ts'
import { es } from '../words/details.es.ts'
import { useWordsOf } from '../words/words.tsx'

export function useDetailsWords() {
  return useWordsOf({ en, es })
}
