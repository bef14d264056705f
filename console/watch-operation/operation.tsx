// What the pages of operation share: their words, and the way from one to the other.
import { addresses } from '../addresses.ts'
import { may, useUser } from '../connection/use-session.ts'
import { SectionNav } from '../frame/section.tsx'
import { en } from '../words/operation.en.ts'
import { es } from '../words/operation.es.ts'
import { useWordsOf } from '../words/words.tsx'

export function useOperationWords() {
  return useWordsOf({ en, es })
}

export function OperationNav() {
  const words = useOperationWords()
  const user = useUser()
  return (
    <SectionNav
      label={words.section}
      links={[
        { to: addresses.jobs, label: words.jobs, isShown: may(user, 'operation:read') },
        { to: addresses.mails, label: words.mails, isShown: may(user, 'operation:read') },
        { to: addresses.events, label: words.events, isShown: may(user, 'operation:read') },
        { to: addresses.webhooks, label: words.webhooks, isShown: may(user, 'webhooks:read') },
      ]}
    />
  )
}
