import { randomUUIDv7 } from 'node:crypto'
import { invalidRequest, notFound, Problem, stale } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import { seal } from '#platform/encryption/sealing.ts'
import { readTarget, type TargetFlaw } from '#platform/outbound/address.ts'
import { newSecret } from './signature.ts'
import type { NewWebhook, Webhook, WebhookChange } from './webhook.contract.ts'
import { deleteWebhook, findWebhook, findWebhooks, insertWebhook, updateWebhook } from './webhook.store.ts'

const flaws: Record<TargetFlaw, string> = {
  not_a_url: 'Must be an address such as https://integration.example.org/openward, of 500 characters at most',
  not_https: 'Must begin with https://',
  credentials: 'Must hold no user name or password: what it is sent is signed',
  port_not_allowed: 'Must have port 443 or 8443, or be listed with its port in OPENWARD_WEBHOOK_ALLOWED_HOSTS',
  address_not_allowed: 'Must not be an address inside, unless it is listed in OPENWARD_WEBHOOK_ALLOWED_HOSTS',
}

export async function listWebhooks(ctx: Context): Promise<{ items: Webhook[] }> {
  return { items: await ctx.database.once((tx) => tx.rows(findWebhooks())) }
}

/** @throws Problem notFound */
export async function readWebhook(ctx: Context, id: string): Promise<Webhook> {
  const webhook = await ctx.database.once((tx) => tx.first(findWebhook(id)))
  if (!webhook) throw new Problem(notFound)
  return webhook
}

/** What its name stands for is checked whenever it is called. @throws Problem invalidRequest */
export async function createWebhook(ctx: Context, given: NewWebhook): Promise<Webhook & { secret: string }> {
  const { configuration, keys } = ctx.system
  const target = readTarget(given.url, {
    production: configuration.production,
    allowed_hosts: configuration.webhook_allowed_hosts,
  })
  if (typeof target === 'string')
    throw new Problem(invalidRequest, { errors: [{ path: '/body/url', code: target, message: flaws[target] }] })
  const id = randomUUIDv7()
  const secret = newSecret()
  const key = keys.system('webhooks')
  const row = {
    ...given,
    id,
    url: target.url.href,
    description: given.description ?? null,
    key_id: key.id,
    sealed_secret: seal(key, { table: 'webhooks', column: 'sealed_secret', row_id: id }, secret),
    created_by: ctx.actor.user_id,
  }
  const made = await ctx.database.once((tx) => {
    tx.audit({
      action: 'webhook.create',
      resource_type: 'webhook',
      resource_id: id,
      details: { host: target.url.host, types: given.types },
    })
    return tx.one(insertWebhook(row))
  })
  ctx.header('location', `/api/v1/webhooks/${id}`)
  return { ...made, secret }
}

/** @throws Problem notFound, stale */
export async function changeWebhook(ctx: Context, id: string, change: WebhookChange): Promise<Webhook> {
  return ctx.database.transaction(async (tx) => {
    const changed = await tx.first(updateWebhook(id, ctx.if_match, change))
    if (!changed) throw new Problem((await tx.first(findWebhook(id))) ? stale : notFound)
    const fields = Object.entries(change).flatMap(([field, value]) => (value === undefined ? [] : [field]))
    tx.audit({
      action: 'webhook.update',
      resource_type: 'webhook',
      resource_id: id,
      details: { fields, types: changed.types, is_active: changed.is_active },
    })
    return changed
  })
}

/** @throws Problem notFound, stale */
export async function removeWebhook(ctx: Context, id: string): Promise<void> {
  await ctx.database.transaction(async (tx) => {
    if ((await tx.run(deleteWebhook(id, ctx.if_match))) === 0)
      throw new Problem((await tx.first(findWebhook(id))) ? stale : notFound)
    tx.audit({ action: 'webhook.delete', resource_type: 'webhook', resource_id: id })
  })
}
