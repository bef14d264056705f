// The words of the chart in the language that is spoken.
import { en } from '../words/chart.en.ts'
import { es } from '../words/chart.es.ts'
import { useWordsOf } from '../words/words.tsx'

const all = { en, es }

export function useChartWords() {
  return useWordsOf(all)
}
