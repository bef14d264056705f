// The words of what patients do for themselves.
import { en } from './own-care.en.ts'
import { es } from './own-care.es.ts'

export const ownCare = { en, es }
