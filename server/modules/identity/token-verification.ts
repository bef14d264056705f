// Knowing access tokens where they are not made: by the keys that the service auth publishes, read from it once a minute.
import { certain } from '#platform/certain.ts'
import { Problem, unavailable } from '#platform/contract/problem.ts'
import { repeat, type Repeated } from '#platform/jobs/repeat.ts'
import type { System } from '#platform/context.ts'
import type { Check, Module, OpenModule } from '#platform/module.ts'
import { openServiceClient } from '#platform/services/service-client.ts'
import { keyApi } from './key.contract.ts'
import { keysFromJwks } from './token-keys.ts'
import { accessTokenSeconds, openTokenReader } from './token-reader.ts'

const everyMilliseconds = 60_000
/** After a failure; until the first keys have come it is a second. */
const againMilliseconds = 5000
/**
 * For so long the keys that were read last are believed. While auth is away nobody signs in, and by then every token that it had
 * signed has expired: keys that are older could only help somebody else.
 */
const keptMilliseconds = accessTokenSeconds * 1000

const without: Check = { status: 'down', detail: 'The service auth has not told the keys of access tokens' }

export const tokenVerification = tokenVerificationBy(() => performance.now())

/** With a clock that never steps back. */
export function tokenVerificationBy(now_ms: () => number): Module {
  return { name: 'token-verification', open: (system) => open(system, now_ms) }
}

async function open(system: System, now_ms: () => number): Promise<OpenModule> {
  const { configuration, log } = system
  const url = certain(configuration.service_urls.get('auth'), 'address of the service auth')
  const auth = openServiceClient({ name: 'auth', url, tracing: system.tracing })
  const reader = openTokenReader(system, { keys: [], reload, assertKnown })
  let read_at: number | undefined
  const isKnown = () => read_at !== undefined && now_ms() - read_at < keptMilliseconds

  async function reload() {
    const published = await auth.call(keyApi.jwks, {})
    reader.replaceKeys(keysFromJwks(published))
    read_at = now_ms()
  }
  function assertKnown() {
    if (isKnown()) return
    const detail = 'Nobody can be recognised while the service that signs people in is away: repeat in a moment'
    throw new Problem(unavailable, { detail, retry_after_seconds: 5 })
  }

  let repeated: Repeated | undefined
  return {
    routes: [],
    authenticate: reader.authenticate,
    checks: { token_keys: async () => (isKnown() ? { status: 'ok' } : without) },
    async start() {
      let due_at = 0
      const work = async () => {
        if (now_ms() < due_at) return
        due_at = isKnown() ? now_ms() + againMilliseconds : 0
        await reload()
        due_at = now_ms() + everyMilliseconds
      }
      repeated = repeat({ name: 'identity.published_keys', every_ms: 1000, work, log })
    },
    stop: async () => repeated?.stop(),
  }
}
