// Starts the console in the page that the server gives.
import '@mantine/core/styles.css'
import './frame/page.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { z } from 'zod'
import { watchAttendance } from './connection/attendance.ts'
import { beginSession } from './connection/session.ts'
import { Console } from './frame/console.tsx'
import { styleNonce } from './frame/style-nonce.ts'

declare global {
  // Where the library that keeps the page from scrolling under a dialog looks for the nonce of its styles.
  var __webpack_nonce__: string | undefined
}

globalThis.__webpack_nonce__ = styleNonce
// The policy of the page forbids code that is made of text, which zod would otherwise try.
z.config({ jitless: true })

const root = document.getElementById('root')
if (!root) throw new Error('the page has no root')
watchAttendance()
void beginSession()
createRoot(root).render(
  <StrictMode>
    <Console />
  </StrictMode>,
)
