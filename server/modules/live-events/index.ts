// What happens, told as it happens to whoever keeps a stream open; and the outbox that all of it goes through.
import type { Module } from '#platform/module.ts'
import { openHub } from './hub.ts'
import { liveEventRoutes } from './live-event.routes.ts'
import { outboxRoutes } from './outbox.routes.ts'

export const liveEvents: Module = {
  name: 'live-events',
  async open(system) {
    const hub = openHub(system)
    return { routes: [...liveEventRoutes(hub), ...outboxRoutes()], stop: () => hub.stop() }
  },
}
