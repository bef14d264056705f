// How much one person, and all strangers of one address, may ask a minute, told in the RateLimit fields. A whole hospital may come
// from one address, so whoever is signed in counts for themselves and not for it.
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Redis } from 'ioredis'
import { isIP } from 'node:net'
import { Problem, tooManyRequests } from '#platform/contract/problem.ts'
import type { Configuration } from '#platform/configuration.ts'
import type { Log } from '#platform/logging.ts'
import { isExempt } from './shedding.ts'

const perAddress = 1200
const perUser = 600
/** Of an address: a thousand people who open the console at eight in the morning, with thirty files for each. */
const pagesPerAddress = 30_000

declare module 'fastify' {
  interface FastifyContextConfig {
    operation_id?: string
    limit_per_minute?: number | undefined
    /** Nobody has to be signed in to ask for it. */
    is_public?: boolean
    fails_as?: 'oauth' | undefined
    /** A page or a file of one, which has a limit of its own: a whole hospital may ask for it at eight in the morning. */
    is_page?: boolean
  }
  interface FastifyInstance {
    /** Counts a request whose token stands for nobody, or was not looked at. @throws Problem tooManyRequests */
    countStranger?: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
    /** Counts a request for whoever is signed in. @throws Problem tooManyRequests */
    countUser?: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
  }
}

/** Loaded where it is used: most hospitals have none. */
async function connectRedis(url: string): Promise<Redis> {
  const { Redis } = await import('ioredis')
  return new Redis(url, {
    connectTimeout: 500,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    commandTimeout: 500,
  })
}

export async function installLimits(app: FastifyInstance, configuration: Configuration, log: Log) {
  if (!configuration.rate_limit) return
  // Without Redis, or while it is away, each server counts for itself: never unlimited.
  const redis = configuration.redis_url ? await connectRedis(configuration.redis_url) : undefined
  redis?.on('error', ({ code }: NodeJS.ErrnoException) =>
    log.warn({ code }, 'redis is away: limits are counted by each server for itself'),
  )
  const createLocal = await limitsIn(app, {})
  const createShared = redis ? await limitsIn(app, { redis }) : undefined
  const limiters = (name: string, max: number, key: (request: FastifyRequest) => string) => {
    const options = { max, timeWindow: 60_000, keyGenerator: (request: FastifyRequest) => `${name}:${key(request)}` }
    return {
      name,
      local: createLocal(options),
      shared: createShared?.(options),
    }
  }
  const address = limiters('address', perAddress, ({ ip }) => networkOf(ip))
  // What pages cost, they cost this server: no other is asked.
  const pages = { ...limiters('pages', pagesPerAddress, ({ ip }) => networkOf(ip)), shared: undefined }
  const user = limiters('user', perUser, ({ actor }) => String(actor.user_id))
  const strict = new Map<string, ReturnType<typeof limiters>>()

  app.addHook('onRequest', async (request, reply) => {
    if (isExempt(request)) return
    const { is_public, is_page } = request.routeOptions.config
    if (is_page) return count(pages, request, reply)
    // Whose token it is, is found out next.
    if (isToBeIdentified(request)) return
    await count(address, request, reply)
    if (is_public) await countOperation(request, reply, ({ ip }) => networkOf(ip))
  })
  app.decorate('countStranger', async (request: FastifyRequest, reply: FastifyReply) => {
    // Any other has been counted when it came.
    if (isToBeIdentified(request) && !isExempt(request)) await count(address, request, reply)
  })
  app.decorate('countUser', async (request: FastifyRequest, reply: FastifyReply) => {
    if (!request.actor.user_id || isExempt(request)) return
    await count(user, request, reply)
    if (!request.routeOptions.config.is_public)
      await countOperation(request, reply, ({ actor }) => String(actor.user_id))
  })
  app.addHook('onClose', async () => redis?.disconnect())

  async function countOperation(
    request: FastifyRequest,
    reply: FastifyReply,
    key: (request: FastifyRequest) => string,
  ) {
    const { operation_id, limit_per_minute } = request.routeOptions.config
    if (!operation_id || !limit_per_minute) return
    let limiter = strict.get(operation_id)
    if (!limiter) strict.set(operation_id, (limiter = limiters(operation_id, limit_per_minute, key)))
    await count(limiter, request, reply)
  }

  async function count(
    limiter: ReturnType<typeof limiters>,
    request: FastifyRequest,
    reply: { header(name: string, value: string): unknown },
  ) {
    const state = await (limiter.shared?.(request).catch(() => limiter.local(request)) ?? limiter.local(request))
    // Only what an allow-list names is allowed without being counted, and there is none.
    const { max, remaining, ttlInSeconds, isExceeded } = state as Extract<typeof state, { isAllowed: false }>
    reply.header('ratelimit-policy', `"${limiter.name.replaceAll('.', '-')}";q=${max};w=60`)
    reply.header('ratelimit', `"${limiter.name.replaceAll('.', '-')}";r=${Math.max(0, remaining)};t=${ttlInSeconds}`)
    if (isExceeded) throw new Problem(tooManyRequests, { retry_after_seconds: Math.max(1, ttlInSeconds) })
  }
}

function isToBeIdentified({ routeOptions, headers }: FastifyRequest): boolean {
  return routeOptions.config.is_public === false && headers.authorization !== undefined
}

/** Limits that are counted in one store: the plugin knows one for each scope, and ignores one that a single limit names. */
async function limitsIn(app: FastifyInstance, store: { redis?: Redis }): Promise<FastifyInstance['createRateLimit']> {
  const { promise, resolve } = Promise.withResolvers<FastifyInstance['createRateLimit']>()
  await app.register(async (scope) => {
    await scope.register(rateLimit, { global: false, skipOnError: false, ...store })
    resolve(scope.createRateLimit.bind(scope))
  })
  return promise
}

/** Whom an address counts for: an IPv6 subscriber has 2^64 of them (RFC 6177), an IPv4 one is told apart by the whole. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.replace(/%.*/, '').toLowerCase().split('::')
  const groups = head === '' ? [] : head.split(':')
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length)
  const all = [...groups, ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...(tail ? tail.split(':') : [])]
  return all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}
