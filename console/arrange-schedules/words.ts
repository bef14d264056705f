// The words of this task in the language that is spoken.
import { en } from '../words/schedule.en.ts'
import { es } from '../words/schedule.es.ts'
import { useWordsOf } from '../words/words.tsx'

export function useScheduleWords() {
  return useWordsOf({ en, es })
}
