// Whether a request comes from a page of ours, as far as the browser says: what relies on a cookie is open to no other.
import type { Configuration } from '#platform/configuration.ts'

type Said = { origin: string | undefined; host: string | undefined }

/** Programs that are no browser name no origin. */
export function isOfOwnPage({ origin, host }: Said, { public_url, cors_origins }: Configuration): boolean {
  if (origin === undefined || origin === new URL(public_url).origin || cors_origins.includes(origin)) return true
  // The same machine by another of its names, such as localhost and 127.0.0.1: the page came from where it asks.
  return host !== undefined && URL.parse(origin)?.host === host
}
