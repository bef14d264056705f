// Where an answer of the safety screening speaks against the modality. Pure.
import type { Contradiction, Modality, RadiologyForm, SafetyQuestion } from './radiology.contract.ts'

type Rule = {
  question: SafetyQuestion
  modalities: readonly Modality[]
  /** Only when contrast is given. */
  contrast_only?: true
  because: string
  source: string
}

const all: readonly Modality[] = ['CR', 'DX', 'CT', 'MR', 'US', 'MG', 'NM', 'XA']

export const safetyRules: readonly Rule[] = [
  {
    question: 'pregnancy',
    modalities: ['CR', 'DX', 'CT', 'MG', 'NM', 'XA'],
    because: 'Ionising radiation reaches the unborn child',
    source: 'ACR-SPR Practice Parameter for Imaging Pregnant or Potentially Pregnant Patients with Ionizing Radiation',
  },
  {
    question: 'pregnancy',
    modalities: ['MR'],
    contrast_only: true,
    because: 'Gadolinium crosses the placenta',
    source: 'ACR Manual on MR Safety, 2024',
  },
  {
    question: 'pacemaker_or_implant',
    modalities: ['MR'],
    because: 'The magnetic field moves, heats or disturbs an implant that is not known to be MR conditional',
    source: 'ACR Manual on MR Safety, 2024',
  },
  {
    question: 'claustrophobia',
    modalities: ['MR'],
    because: 'The patient may not bear the bore without help',
    source: 'ACR Manual on MR Safety, 2024',
  },
  {
    question: 'contrast_allergy',
    modalities: all,
    contrast_only: true,
    because: 'A reaction to contrast before makes another one likelier',
    source: 'ACR Manual on Contrast Media, 2024',
  },
  {
    question: 'renal_impairment',
    modalities: ['CT', 'XA', 'CR', 'DX', 'MG', 'MR'],
    contrast_only: true,
    because: 'Iodinated contrast can harm the kidneys, and gadolinium stays in the body where they fail',
    source: 'ACR Manual on Contrast Media, 2024',
  },
]

function rulesFor({ modality, with_contrast }: RadiologyForm): Rule[] {
  if (!modality) return []
  return safetyRules.filter(
    ({ modalities, contrast_only }) => modalities.includes(modality) && (!contrast_only || with_contrast === true),
  )
}

/** Each answer that speaks against the examination. */
export function contradictionsOf(form: RadiologyForm): Contradiction[] {
  const { safety } = form
  return rulesFor(form)
    .filter(({ question }) => safety?.[question] === true)
    .map(({ question, because, source }) => ({
      question,
      because,
      source,
      is_acknowledged: safety?.acknowledged.includes(question) === true,
    }))
}

/** What has to be asked before this examination and was not answered: that is no "no". */
export function unansweredOf(form: RadiologyForm): SafetyQuestion[] {
  return [...new Set(rulesFor(form).map(({ question }) => question))].filter(
    (question) => typeof form.safety?.[question] !== 'boolean',
  )
}
