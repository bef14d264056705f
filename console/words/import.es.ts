// Lo que se lee al importar pacientes.
import type { ImportWords } from './import.en.ts'

export const es: ImportWords = {
  title: 'Importar pacientes',
  text: 'Un archivo CSV en UTF-8, de hasta 20 MB. Un ensayo no registra a nadie y señala cada línea errónea; el mismo archivo puede repetirse, quien está registrado se reconoce.',
  columns:
    'Necesarias: first_name, last_name, date_of_birth, gender, phone_primary. Además: external_id, middle_name, phone_secondary, email, line1, line2, city, state, postal_code, country, ssn, national_id, blood_type, marital_status, occupation, preferred_language.',
  file: 'Archivo CSV',
  choose: 'Elegir un archivo',
  dry: 'Ensayar: no registrar a nadie',
  run: 'Importar',
  run_after: 'Importar ahora este archivo',
  not_utf8: 'Este archivo no está en UTF-8: guárdelo así y elíjalo de nuevo.',
  too_large: 'Este archivo pasa de 20 MB: quien opera el servidor lo importa con `openward import`.',
  running: 'Leyendo el archivo',
  dry_done: 'El ensayo ha terminado: no se registró a nadie.',
  done: 'La importación ha terminado.',
  failed: 'La importación ha fallado.',
  total: 'Líneas leídas',
  accepted: 'Registrados',
  fit: 'Aptos para registrar',
  known: 'Ya conocidos',
  refused: 'Rechazados',
  report: 'Qué se encontró en las líneas',
  report_more: 'El informe tiene más líneas que las mostradas.',
  no_findings: 'No había nada mal.',
  line: 'Línea',
  column: 'Columna',
  reason: 'Razón',
  weight: 'Peso',
  warning: 'Aviso',
  table: 'Informe de la importación, desplácese a los lados para ver más',
}
