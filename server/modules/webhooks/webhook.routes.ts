import { implement, type Route } from '#platform/http/mount.ts'
import { webhookApi } from './webhook.contract.ts'
import { changeWebhook, createWebhook, listWebhooks, readWebhook, removeWebhook } from './webhook.service.ts'

export function webhookRoutes(): Route[] {
  return implement('webhooks', webhookApi, {
    list: (ctx) => listWebhooks(ctx),
    create: (ctx, { body }) => createWebhook(ctx, body),
    read: (ctx, { params }) => readWebhook(ctx, params.webhook_id),
    update: (ctx, { params, body }) => changeWebhook(ctx, params.webhook_id, body),
    remove: (ctx, { params }) => removeWebhook(ctx, params.webhook_id),
  })
}
