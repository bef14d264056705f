// One POST to an address that somebody named: the name is asked for once, the connection goes to what was found and checked, no
// redirect is followed, and of the answer nothing is kept but its status.
import { lookup } from 'node:dns/promises'
import { request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { certain } from '#platform/certain.ts'
import { mayBeCalled, type OutboundRules, readTarget, type Target, type TargetFlaw } from './address.ts'

export type Post = {
  url: string
  headers: Record<string, string>
  body: string
  rules: OutboundRules
  signal?: AbortSignal
  limit_ms?: number
  /** For tests: what is trusted besides the authorities of the system, and who is asked for names. */
  ca?: string
  resolve?: Resolve
}
export type Resolve = (host: string) => Promise<readonly { address: string; family: number }[]>

export type PostFailure =
  | TargetFlaw
  | 'name_not_found'
  | 'not_reachable'
  | 'certificate_refused'
  | 'too_slow'
  | 'redirect_refused'
  | 'given_up'
export type PostOutcome = { status: number; failure?: 'redirect_refused' } | { status?: never; failure: PostFailure }

const limitMilliseconds = 10_000
/** Read and thrown away, so that the other side is done with its answer; whoever sends more is cut off. */
const mostAnswerBytes = 65_536

const resolveByName: Resolve = (host) => lookup(host, { all: true })

/** Never throws: what went wrong is told as a code. */
export async function postTo(post: Post): Promise<PostOutcome> {
  const target = readTarget(post.url, post.rules)
  if (typeof target === 'string') return { failure: target }
  const timeout = AbortSignal.timeout(post.limit_ms ?? limitMilliseconds)
  const signal = post.signal ? AbortSignal.any([timeout, post.signal]) : timeout
  try {
    const address = await unlessAborted(signal, addressOf(target, post.resolve ?? resolveByName))
    return typeof address === 'string' ? { failure: address } : await send(post, target, address, signal)
  } catch (error) {
    if (timeout.aborted) return { failure: 'too_slow' }
    return { failure: signal.aborted ? 'given_up' : failureOf(error) }
  }
}

type Address = { address: string; family: number }

/** Where one address of a name is not to be called, none is: who answers for the name may not be trusted to have meant the other. */
async function addressOf({ host, internal }: Target, resolve: Resolve): Promise<Address | PostFailure> {
  const found = isIP(host) !== 0 ? [{ address: host, family: isIP(host) }] : await resolve(host).catch(() => [])
  const [first] = found
  if (!first) return 'name_not_found'
  return found.every(({ address }) => mayBeCalled(address, { internal })) ? first : 'address_not_allowed'
}

function send(
  { headers, body, ca }: Post,
  { url, host, port }: Target,
  { address, family }: Address,
  signal: AbortSignal,
): Promise<PostOutcome> {
  const pinned: LookupFunction = (_host, options, done) =>
    options.all ? done(null, [{ address, family }]) : done(null, address, family)
  const request = url.protocol === 'https:' ? requestSecure : requestPlain
  return new Promise((resolve, reject) => {
    const sent = request({
      method: 'POST',
      host,
      port,
      path: `${url.pathname}${url.search}`,
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
      lookup: pinned,
      agent: false,
      signal,
      ...(ca === undefined ? {} : { ca }),
    })
    let answered: PostOutcome | undefined
    // A status that has come stands, however the rest of the answer ends.
    const settle = (error: unknown) => (answered ? resolve(answered) : reject(error))
    sent.on('error', settle)
    sent.on('response', (answer) => {
      const status = certain(answer.statusCode, 'status of an answer')
      answered = status >= 300 && status < 400 ? { status, failure: 'redirect_refused' } : { status }
      let bytes = 0
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > mostAnswerBytes) sent.destroy()
      })
      answer.on('error', () => undefined)
      answer.once('close', settle)
    })
    sent.end(body)
  })
}

function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason as Error)
  signal.addEventListener('abort', abort, { once: true })
  return Promise.race([work, aborted.promise]).finally(() => signal.removeEventListener('abort', abort))
}

function failureOf(error: unknown): PostFailure {
  const { code = '' } = error as { code?: string }
  return /CERT|SELF_SIGNED|UNABLE_TO_|SSL|TLS|ALTNAME/.test(code) ? 'certificate_refused' : 'not_reachable'
}
