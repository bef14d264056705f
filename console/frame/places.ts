// The places that one goes to from anywhere, in the order in which they are somebody's own.
import type { CurrentUser } from '#contracts/identity/session'
import { addresses } from '../addresses.ts'
import { may } from '../connection/use-session.ts'
import type { Words } from '../words/en.ts'
import type { SignName } from './mark.tsx'

type Place = {
  /** Its words are `places` of the first load. */
  name: keyof Words['places']
  to: (typeof addresses)[keyof typeof addresses]
  sign: SignName
  isFor(user: CurrentUser): boolean
}

const places: readonly Place[] = [
  { name: 'reception', to: addresses.reception, sign: 'search', isFor: (user) => may(user, 'patients:find') },
  {
    name: 'calendar',
    to: addresses.calendar,
    sign: 'calendar',
    isFor: (user) => may(user, 'patients:find') && may(user, 'appointments:read'),
  },
]

/** The first of them is where somebody begins. */
export function placesOf(user: CurrentUser): Place[] {
  return places.filter(({ isFor }) => isFor(user))
}
