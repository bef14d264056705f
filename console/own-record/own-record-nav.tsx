// The pages of one's own record beside each other.
import { addresses } from '../addresses.ts'
import { may, useUser } from '../connection/use-session.ts'
import { SectionNav } from '../frame/section.tsx'
import { ownCare } from '../words/own-care.ts'
import { useWordsOf } from '../words/words.tsx'

export function OwnRecordNav() {
  const { record, access } = useWordsOf(ownCare)
  const user = useUser()
  return (
    <SectionNav
      label={record.title}
      links={[
        { to: addresses.own_record, label: record.kept, isShown: true },
        { to: addresses.own_details, label: record.own_details, isShown: may(user, 'patients:update') },
        { to: addresses.own_access, label: access.short, isShown: may(user, 'audit:read') },
      ]}
    />
  )
}
