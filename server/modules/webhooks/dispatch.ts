// Sends what webhooks are to be told. Every server does, each telling by one: who sends it has claimed it for a while. Of one record
// the next goes out when the one before is delivered or given up; what fails waits longer each time and holds up no other record.
import { setTimeout as wait } from 'node:timers/promises'
import type { System } from '#platform/context.ts'
import type { Database } from '#platform/database/transaction.ts'
import { repeatAwake } from '#platform/events/awake.ts'
import { wakesOf } from '#platform/events/wake.ts'
import { open } from '#platform/encryption/sealing.ts'
import type { Repeated } from '#platform/jobs/repeat.ts'
import { withinPost } from '#platform/tracing/traced-post.ts'
import { type PostOutcome, postTo } from '#platform/outbound/post.ts'
import {
  claimDue,
  type Claimed,
  claimTrial,
  type DueWebhook,
  findDueWebhooks,
  markDelivered,
  markFailed,
  noteFailure,
  noteSuccess,
  release,
} from './delivery.store.ts'
import { bodyOf, signedHeaders } from './signature.ts'

/** Seconds until the next attempt, by how many have failed; the last one counts for all further ones. */
const retrySeconds = [5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800]
const mostAttempts = retrySeconds.length + 1
/** Of one server to one webhook at a time: one that hangs takes no more. */
const mostInFlight = 8
const lookEveryMilliseconds = 500
/** What is on its way when the server stops is waited for so long, and then sent again by another. */
const patienceMilliseconds = 3000

export type Send = (webhook: DueWebhook, told: Claimed, signal: AbortSignal) => Promise<PostOutcome>

/** By HTTP, signed. */
export function sendSigned({ keys, configuration, tracing }: Pick<System, 'keys' | 'configuration' | 'tracing'>): Send {
  const rules = { production: configuration.production, allowed_hosts: configuration.webhook_allowed_hosts }
  return async ({ id, url, key_id, sealed_secret }, told, signal) => {
    const place = { table: 'webhooks', column: 'sealed_secret', row_id: id }
    const secret = open(keys.systemById(key_id), place, sealed_secret)
    const body = bodyOf(told)
    const headers = signedHeaders(secret, told.id, body, Temporal.Now.instant())
    return withinPost(tracing?.begin('webhook POST', 'client'), () => postTo({ url, body, rules, signal, headers }))
  }
}

/** Begins to send, and looks for more as soon as there are events. */
export function startDispatch(system: System, database: Database, send: Send): Repeated {
  const { log } = system
  const stopping = new AbortController()
  const cutting = new AbortController()
  const pumps = new Map<string, Promise<void>>()

  const looking = repeatAwake({
    name: 'webhooks',
    every_ms: lookEveryMilliseconds,
    log,
    wakes: wakesOf(system),
    async work() {
      const due = await database.once((tx) => tx.rows(findDueWebhooks()))
      for (const webhook of due) {
        if (pumps.has(webhook.id) || stopping.signal.aborted) continue
        const pump = (webhook.is_paused ? trial(webhook) : drain(webhook))
          .catch((error: unknown) =>
            log.warn({ err: error, webhook_id: webhook.id }, 'a webhook was not served: it is tried again'),
          )
          .finally(() => pumps.delete(webhook.id))
        pumps.set(webhook.id, pump)
      }
    },
  })

  async function trial(webhook: DueWebhook) {
    const [told] = await database.once((tx) => tx.rows(claimTrial(webhook.id)))
    if (told) await deliver(webhook, told, true)
  }

  /** Until nothing more is due, several at a time. */
  async function drain(webhook: DueWebhook) {
    const inFlight = new Set<Promise<void>>()
    try {
      for (;;) {
        const claimed = stopping.signal.aborted
          ? []
          : await database.once((tx) => tx.rows(claimDue(webhook.id, mostInFlight - inFlight.size)))
        for (const told of claimed) {
          const delivery = deliver(webhook, told, false).finally(() => inFlight.delete(delivery))
          delivery.catch(() => undefined)
          inFlight.add(delivery)
        }
        if (inFlight.size === 0) return
        await Promise.race(inFlight)
      }
    } finally {
      await Promise.allSettled(inFlight)
    }
  }

  /** @throws where the outcome could not be kept: it is sent again when its claim has lapsed, under the same id */
  async function deliver(webhook: DueWebhook, told: Claimed, is_trial: boolean) {
    const outcome = await send(webhook, told, cutting.signal)
    if (outcome.failure === 'given_up') return void (await database.once((tx) => tx.run(release(told.id))))
    const { status = null } = outcome
    if (status !== null && status >= 200 && status < 300) {
      await database.once((tx) =>
        Promise.all([tx.run(markDelivered(told.id, status)), tx.run(noteSuccess(webhook.id))]),
      )
      return
    }
    const failure = outcome.failure ?? `answered_${status}`
    const attempts = told.attempts + (is_trial ? 0 : 1)
    const is_dead = attempts >= mostAttempts || told.is_old
    const failed = {
      answered_status: status,
      failure,
      is_dead,
      is_counted: !is_trial,
      retry_seconds: retryAfter(attempts),
    }
    const [, paused] = await database.once((tx) =>
      Promise.all([tx.run(markFailed(told.id, failed)), tx.first(noteFailure(webhook.id, { failure, is_trial }))]),
    )
    const about = { webhook_id: webhook.id, delivery_id: told.id, failure }
    if (is_dead) log.error(about, 'an event could not be delivered to a webhook and was given up')
    if (paused?.is_new_pause) log.warn(about, 'a webhook is paused: five deliveries in a row have failed')
  }

  return {
    async stop() {
      stopping.abort()
      await looking.stop()
      const all = Promise.all(pumps.values())
      await Promise.race([all, wait(patienceMilliseconds)])
      cutting.abort()
      await all
    },
  }
}

/** Seconds, a fifth more or less, so that what failed together does not come back together. */
export function retryAfter(attempts: number): number {
  const seconds = retrySeconds[Math.max(0, attempts - 1)] ?? retrySeconds.at(-1) ?? 0
  return seconds * (0.8 + 0.4 * Math.random())
}
