// The console keeps its refresh token where no script can read it: in a cookie of this host alone. A call that relies on
// the cookie carries a header that no form or foreign page can send; that it comes from our own pages, its contract says.
import { originRefused, Problem } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import type { Tokens } from './login.contract.ts'

/** `X-OpenWard-Console: 1` asks for the cookie instead of a refresh token in the body. */
const consoleHeader = 'x-openward-console'
const cookie_seconds = 7 * 86_400

/** The tokens as they are answered: without the refresh token where it went into the cookie. */
export function handOver<T extends Tokens>(ctx: Context, tokens: T): T {
  if (ctx.request_header(consoleHeader) === undefined || !tokens.refresh_token) return tokens
  ctx.header('set-cookie', cookieOf(ctx, tokens.refresh_token, cookie_seconds))
  return { ...tokens, refresh_token: undefined }
}

/** For a browser that comes back from elsewhere, where no page of ours has asked. */
export function keepForConsole(ctx: Context, { refresh_token }: Tokens): void {
  if (refresh_token) ctx.header('set-cookie', cookieOf(ctx, refresh_token, cookie_seconds))
}

/** The refresh token of the body, or of the console's cookie. @throws Problem originRefused */
export function refreshTokenOf(ctx: Context, given: string | undefined): string {
  if (given !== undefined) return given
  if (ctx.request_header(consoleHeader) === undefined) throw new Problem(originRefused)
  const prefix = `${nameOf(ctx)}=`
  const pairs = (ctx.request_header('cookie') ?? '').split(';').map((pair) => pair.trim())
  return pairs.find((pair) => pair.startsWith(prefix))?.slice(prefix.length) ?? ''
}

/** Takes the cookie back, and asks the browser to forget what it kept of this site. */
export function clearBrowser(ctx: Context): void {
  ctx.header('set-cookie', cookieOf(ctx, '', 0))
  ctx.header('clear-site-data', '"cache", "storage"')
}

function cookieOf(ctx: Context, value: string, seconds: number): string {
  const attributes = `Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${isSecure(ctx) ? '; Secure' : ''}`
  return `${nameOf(ctx)}=${value}; ${attributes}`
}

/** `__Host-` binds the cookie to this host and to TLS, or to a machine that talks to itself. */
function nameOf(ctx: Context): string {
  return isSecure(ctx) ? '__Host-openward-refresh' : 'openward-refresh'
}

/** Browsers take such a cookie from this machine itself without TLS, since nobody listens in between. */
function isSecure({ system }: Context): boolean {
  const { protocol, hostname } = new URL(system.configuration.public_url)
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}
