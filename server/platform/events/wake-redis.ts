// Wakes by Redis, besides those of the database, where a hospital has one. Nothing depends on it: it carries no event.
import type { Redis } from 'ioredis'
import type { Log } from '#platform/logging.ts'

const channel = 'openward:events'

export type RedisWakes = { publish(sender: string): void; close(): Promise<void> }

/** Connects by itself, and again whenever it is lost. */
export function openRedisWakes(url: string, heard: (from: string) => void, log: Log): RedisWakes {
  let isClosed = false
  const connections = connect(url)
  void connections.then(({ publisher, subscriber }) => {
    if (isClosed) return
    subscriber.on('message', (_channel, sender) => heard(sender))
    for (const connection of [publisher, subscriber])
      connection.on('error', (error) => log.debug({ err: error }, 'redis is away: servers are woken by the database'))
    subscriber.subscribe(channel).catch(() => undefined)
  })
  return {
    publish: (sender) =>
      void connections.then(({ publisher }) => publisher.publish(channel, sender)).catch(() => undefined),
    async close() {
      isClosed = true
      const { publisher, subscriber } = await connections
      publisher.disconnect()
      subscriber.disconnect()
    },
  }
}

/** Loaded where it is used: most hospitals have none. */
async function connect(url: string): Promise<{ publisher: Redis; subscriber: Redis }> {
  const { Redis } = await import('ioredis')
  const limits = { connectTimeout: 500, commandTimeout: 500, retryStrategy: () => 1000 }
  return {
    publisher: new Redis(url, { ...limits, maxRetriesPerRequest: 1, enableOfflineQueue: false }),
    // It asks again to be told whenever it has connected anew.
    subscriber: new Redis(url, { connectTimeout: 500, maxRetriesPerRequest: null, retryStrategy: () => 1000 }),
  }
}
