// Addresses of the console that a mail leads to. A token stands behind the `#`, where no server and no log sees it.
import type { Configuration } from '#platform/configuration.ts'

const pages = {
  sign_in: '/sign-in',
  sessions: '/account/sessions',
  password_reset: '/reset-password',
  invitation: '/invitation',
  email_verification: '/verify-email',
  emergency_accesses: '/emergency-accesses',
  audit_log: '/audit',
  activity_findings: '/activity-findings',
} as const

export function linkTo({ public_url }: Configuration, page: keyof typeof pages, token?: string): string {
  return `${public_url}${pages[page]}${token ? `#${token}` : ''}`
}
