// How the modules are divided among the services.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Configuration } from '#platform/configuration.ts'
import { serviceNames, type ServiceName } from '#platform/services/variables.ts'
import { sql } from '#platform/database/sql.ts'
import { buildApp } from './app.ts'
import { modules, modulesOf } from './modules.ts'
import { startTestApi } from './testing.ts'

/** Where nobody listens: what is told here needs no answer. */
const nowhere = new Map(serviceNames.map((name) => [name, 'http://127.0.0.1:1'] as const))

const as = (name: ServiceName): Pick<Configuration, 'services' | 'service_urls'> => ({
  services: [name],
  service_urls: new Map([...nowhere].filter(([other]) => other !== name)),
})

describe('the services', () => {
  it('are all modules together, each in one of them', () => {
    const divided = serviceNames.flatMap((name) =>
      modulesOf([name]).filter(({ name: module }) => module !== 'token-verification'),
    )
    assert.deepEqual(divided.map(({ name }) => name).toSorted(), modules.map(({ name }) => name).toSorted())
    assert.deepEqual(modulesOf(serviceNames), modules)
    // In the order in which they depend on each other, however the services are listed.
    const some = modulesOf(['prescriptions', 'appointments', 'auth'])
    assert.deepEqual(
      some,
      modules.filter((module) => some.includes(module)),
    )
  })

  it('share no path: whoever stands before them tells by the path where a request goes', async () => {
    await using api = await startTestApi()
    const owner = new Map<string, ServiceName>()
    const queues: string[] = []
    let count = 0
    for (const name of serviceNames) {
      const app = await buildApp({ ...api.system, configuration: { ...api.configuration, ...as(name) } })
      try {
        const answer = await app.http.inject({ url: '/openapi.json' })
        const { paths } = answer.json<{ paths: Record<string, Record<string, unknown>> }>()
        for (const [path, methods] of Object.entries(paths)) {
          assert.equal(owner.get(path), undefined, `${path} is served by two`)
          owner.set(path, name)
          count += Object.keys(methods).length
        }
        queues.push(...app.job_names)
      } finally {
        await app.stop()
      }
    }
    assert.equal(count, api.app.routes.length)
    // A path of words may be what another service takes for a path with an id: they must be of one service.
    for (const path of owner.keys()) {
      const pattern = new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`)
      for (const [other, name] of owner)
        if (pattern.test(other)) assert.equal(name, owner.get(path), `${other} could be ${path}`)
    }
    const own = ['events.purge', 'jobs.purge']
    const shared = queues.filter((name, at) => queues.indexOf(name) !== at)
    assert.deepEqual(new Set(shared), new Set(own), 'only the housekeeping of the platform is of all')
    assert.deepEqual(new Set(queues), new Set(api.app.job_names), 'every job is done by one of them')
  })

  it('make no administrator and sign nobody in where that is not theirs', async () => {
    await using api = await startTestApi()
    const app = await buildApp({ ...api.system, configuration: { ...api.configuration, ...as('prescriptions') } })
    try {
      const login = await app.http.inject({
        method: 'POST',
        url: '/api/v1/auth/login',
        payload: { username: 'a@example.test', password: 'a lantern in the dark' },
      })
      assert.equal(login.statusCode, 404)
      const person = await api.person('doctor', { doctor: true })
      const list = await app.http.inject({
        url: '/api/v1/prescriptions',
        headers: { authorization: `Bearer ${person.token}` },
      })
      // The keys cannot be had from an auth that is not there; what is public is answered.
      assert.equal(list.statusCode, 503)
      assert.equal(
        (await app.http.inject({ url: '/api/v1/prescriptions/verify/ABCD-EFGH-JKLM' })).statusCode < 500,
        true,
      )
      assert.deepEqual(await api.rows(sql`select from users where role = 'admin'`), [])
    } finally {
      await app.stop()
    }
  })

  it('whose keys have not come are not ready, and say what is missing', async () => {
    await using api = await startTestApi()
    const app = await buildApp({ ...api.system, configuration: { ...api.configuration, ...as('appointments') } })
    try {
      const ready = await app.http.inject({ url: '/health/ready' })
      const { status, parts } = ready.json<{ status: string; parts: Record<string, { status: string }> }>()
      assert.deepEqual([ready.statusCode, status, parts['token_keys']?.status], [503, 'not_ready', 'down'])
      // That others are away is told, and keeps nobody from being served.
      assert.equal(parts['service_records']?.status, 'degraded')
    } finally {
      await app.stop()
    }
  })
})
