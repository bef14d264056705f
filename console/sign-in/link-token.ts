// The secret of a mailed link, which stands behind the `#` where no server sees it. Read once, then taken out of the address, so
// that neither the history of the browser nor a look over the shoulder gives it away.
import { useState } from 'react'

export function useLinkToken(): string {
  const [token] = useState(() => {
    const found = location.hash.slice(1)
    if (found !== '') history.replaceState(history.state, '', location.pathname)
    return found
  })
  return token
}
