// Documents: read and added by whoever may see the record; added, and not read, by the reception.
import { only, type Row } from './row.ts'
import { reportForm } from './given.ts'
import { type Subject } from './world.ts'

/** Of one patient, for whoever reads documents. */
const readers = only('own treating nurse admin', 'other away_doctor away_nurse')
const writers = only('own treating nurse staff admin', 'other away_doctor away_nurse')

const newDocument = ({ ids }: Subject) => reportForm({ patient_id: ids['patient_id'] ?? '', title: 'Report' })

export const documentRows: readonly Row[] = [
  { operation: 'POST /api/v1/documents', expect: writers, ask: newDocument },
  { operation: 'GET /api/v1/documents', expect: only('own other treating away_doctor nurse away_nurse admin') },
  { operation: 'GET /api/v1/patients/{patient_id}/documents', expect: readers },
  {
    operation: 'POST /api/v1/visits/{visit_id}/documents',
    expect: writers,
    ask: () => reportForm({ title: 'Report' }),
  },
  { operation: 'GET /api/v1/visits/{visit_id}/documents', expect: readers },
  { operation: 'GET /api/v1/documents/{document_id}', expect: readers },
  { operation: 'GET /api/v1/documents/{document_id}/content', expect: readers },
  {
    operation: 'DELETE /api/v1/documents/{document_id}',
    when: 'that somebody else uploaded, which is for administrators',
    expect: only('admin', 'other away_doctor away_nurse'),
  },
  { operation: 'POST /api/v1/documents/{document_id}/links', expect: readers },
  {
    operation: 'GET /api/v1/document-links/{link_id}',
    when: 'that somebody else asked for',
    expect: only('', 'own other treating away_doctor nurse away_nurse admin'),
    prepare: async (subject, { maker }) => {
      const url = `/api/v1/documents/${subject.ids['document_id']}/links`
      const answer = await maker.send({ method: 'POST', url, headers: {} })
      subject.ids['link_id'] = (JSON.parse(answer.text) as { id: string }).id
    },
    never_succeeds: 'whoever asked for it fetches it, which no row can say',
  },
]
