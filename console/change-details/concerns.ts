// What somebody else changes of a patient is read again at once.
import type { Concerns } from '../connection/concerns.ts'

export const detailsConcerns: Concerns = { 'patient.*': [['patient'], ['notification-preferences']] }
