// A radiology assessment as a form holds it: what is not written is empty, what is not answered is null.
import { type Modality, type RadiologyForm, SafetyQuestion } from '#contracts/assessments/radiology'

export type Answers = Record<SafetyQuestion, boolean | null>
export type Typed = {
  modality: Modality | null
  body_site: string
  laterality: 'left' | 'right' | 'bilateral' | null
  clinical_indication: string
  answers: Answers
  acknowledged: SafetyQuestion[]
  technique: string
  with_contrast: boolean
  contrast: string
  findings: string
  impression: string
  recommendations: string
  is_critical: boolean
  document_ids: string[]
}

export function typedOf(form: RadiologyForm | null): Typed {
  const answers = Object.fromEntries(
    SafetyQuestion.options.map((question) => [question, form?.safety?.[question] ?? null]),
  ) as Answers
  return {
    modality: form?.modality ?? null,
    body_site: form?.body_site ?? '',
    laterality: form?.laterality ?? null,
    clinical_indication: form?.clinical_indication ?? '',
    answers,
    acknowledged: form?.safety?.acknowledged ?? [],
    technique: form?.technique ?? '',
    with_contrast: form?.with_contrast ?? false,
    contrast: form?.contrast ?? '',
    findings: form?.findings ?? '',
    impression: form?.impression ?? '',
    recommendations: form?.recommendations ?? '',
    is_critical: form?.is_critical ?? false,
    document_ids: form?.document_ids ?? [],
  }
}

const written = (text: string) => text.trim() || null

export function formOf(typed: Typed): RadiologyForm {
  return {
    modality: typed.modality,
    body_site: written(typed.body_site),
    laterality: typed.laterality,
    clinical_indication: written(typed.clinical_indication),
    safety: { ...typed.answers, acknowledged: typed.acknowledged },
    technique: written(typed.technique),
    with_contrast: typed.with_contrast,
    contrast: written(typed.contrast),
    findings: written(typed.findings),
    impression: written(typed.impression),
    recommendations: written(typed.recommendations),
    is_critical: typed.is_critical,
    document_ids: typed.document_ids,
  }
}
