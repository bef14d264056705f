// What the pages of oversight share: their words, the way from one to the other, and what of a list is shown.
import { SegmentedControl } from '@mantine/core'
import { addresses } from '../addresses.ts'
import type { Concerns } from '../connection/concerns.ts'
import { useLive } from '../connection/use-live.ts'
import { may, useUser } from '../connection/use-session.ts'
import { SectionNav } from '../frame/section.tsx'
import { en } from '../words/auditor.en.ts'
import { es } from '../words/auditor.es.ts'
import { useWordsOf } from '../words/words.tsx'

export function useAuditorWords() {
  return useWordsOf({ en, es })
}

/** What is raised, opened or signed off by somebody else is read again at once. */
const concerns: Concerns = {
  'activity_finding.*': [['activity-findings']],
  'emergency_access.*': [['emergency-accesses']],
  'user.*': [['access-review']],
  'session.ended': [['access-review']],
}

export function OversightNav() {
  useLive(concerns)
  const words = useAuditorWords()
  const user = useUser()
  return (
    <SectionNav
      label={words.section}
      links={[
        { to: addresses.audit, label: words.audit, isShown: may(user, 'audit:read') },
        { to: addresses.activity_findings, label: words.findings, isShown: may(user, 'audit:review') },
        {
          to: addresses.emergency_accesses,
          label: words.emergency,
          isShown: may(user, 'emergency-access:review'),
        },
        { to: addresses.access_review, label: words.access_review, isShown: may(user, 'access:review') },
        {
          to: addresses.explain_access,
          label: words.explain,
          isShown: may(user, 'access:explain') && may(user, 'audit:review'),
        },
        { to: addresses.watched_records, label: words.watched, isShown: may(user, 'audit:review') },
        { to: addresses.audit_proof, label: words.proof, isShown: may(user, 'audit:verify') },
      ]}
    />
  )
}

export type Shown = 'open' | 'all'

export function OpenOrAll({ show, onChange }: { show: Shown; onChange: (show: Shown) => void }) {
  const words = useAuditorWords()
  return (
    <SegmentedControl
      aria-label={words.show}
      value={show}
      onChange={onChange}
      data={[
        { value: 'open', label: words.open_only },
        { value: 'all', label: words.all },
      ]}
    />
  )
}
