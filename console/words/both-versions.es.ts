// Dos han cambiado lo mismo.
import type { BothVersionsWords } from './both-versions.en.ts'

export const es: BothVersionsWords = {
  conflict: 'Alguien lo ha cambiado entretanto',
  conflict_text: 'Compare ambas versiones y elija cuál queda.',
  field: 'Campo',
  theirs: 'Como está ahora',
  mine: 'Como lo tiene usted',
  take_theirs: 'Tomar lo que hay ahora',
  keep_mine: 'Guardar lo mío',
}
