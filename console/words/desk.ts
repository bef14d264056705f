// The words of what the reception does beyond its first page.
import { en } from './desk.en.ts'
import { es } from './desk.es.ts'

export const desk = { en, es }
