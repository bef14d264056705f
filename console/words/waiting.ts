// The words of waiting for a time.
import { en } from './waiting.en.ts'
import { es } from './waiting.es.ts'

export const waiting = { en, es }
