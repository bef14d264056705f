// What this browser remembers of its user: language, light or dark, and whether there is a session to go on with. A cookie, since
// signing out empties every other storage; nothing in it is secret, and the server does not read it.
import { z } from 'zod'

const Preferences = z.object({
  language: z.enum(['en', 'es']).optional(),
  scheme: z.enum(['light', 'dark', 'auto']).optional(),
  has_session: z.boolean().optional(),
})
export type Preferences = z.output<typeof Preferences>

const name = 'openward-preferences'
const seconds = 365 * 86_400

export function preferences(): Preferences {
  const pair = document.cookie.split('; ').find((text) => text.startsWith(`${name}=`))
  try {
    return Preferences.parse(JSON.parse(decodeURIComponent(pair?.slice(name.length + 1) ?? '')))
  } catch {
    return {}
  }
}

export function prefer(part: Preferences): void {
  const text = encodeURIComponent(JSON.stringify({ ...preferences(), ...part }))
  const secure = location.protocol === 'https:' ? '; Secure' : ''
  document.cookie = `${name}=${text}; Path=/; Max-Age=${seconds}; SameSite=Strict${secure}`
}
