// deploy/: whom the pods of a cluster may reach, how many there are, and that what the files for Azure set is a configuration that starts.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readConfiguration } from '#platform/configuration.ts'
import { at, bicepEnvironment, bicepOutputs, dockerEnvironment, manifests, readDeployed } from './deployed.ts'

const kubernetes = manifests()
const named = (kind: string, name = 'openward') => {
  const found = kubernetes.find((manifest) => manifest.kind === kind && manifest.metadata.name === name)
  assert.ok(found, `${kind} ${name}`)
  return found
}
type Rule = {
  to?: { podSelector?: { matchLabels: Record<string, string> } }[]
  ports?: { protocol: string; port: number }[]
}
/** `whom:port/protocol` of all that it may reach; `*` is everybody. */
function reached(name: string): string[] {
  const policy = named('NetworkPolicy', name)
  assert.ok((at(policy, 'spec', 'policyTypes') as string[]).includes('Egress'), `${name} is not held`)
  return ((at(policy, 'spec', 'egress') ?? []) as Rule[]).flatMap(({ to, ports }) => {
    // A rule without ports would open all of them.
    assert.ok(ports && ports.length > 0, name)
    const whom = to?.map(({ podSelector }) => podSelector?.matchLabels['app.kubernetes.io/name'] ?? '?') ?? ['*']
    return whom.flatMap((one) => ports.map(({ protocol, port }) => `${one}:${port}/${protocol}`))
  })
}

describe('a pod of Kubernetes reaches', () => {
  const names = ['*:53/UDP', '*:53/TCP']

  it('as a server: names, Redis, the scanner, and elsewhere the ports of PostgreSQL, of https and of mail alone', () => {
    assert.deepEqual(reached('openward'), [
      ...names,
      'redis:6379/TCP',
      'clamd:3310/TCP',
      ...[5432, 443, 465, 587].map((port) => `*:${port}/TCP`),
    ])
  })

  it('as a server: whatever its configuration names', () => {
    const data = at(
      kubernetes.find(({ kind }) => kind === 'ConfigMap'),
      'data',
    ) as Record<string, string>
    const ports = new Map([
      ['REDIS_URL', 6379],
      ['CLAMD_URL', 3310],
      ['SMTP_URL', 465],
      ['DATABASE_URL', 5432],
    ])
    const open = reached('openward')
    const asked = Object.entries({ DATABASE_URL: 'postgres://database', ...data }).flatMap(([variable, value]) => {
      const usual = ports.get(variable)
      if (usual === undefined) return []
      const { hostname, port } = new URL(value)
      const number = Number(port) || usual
      assert.ok(
        open.includes(`${hostname}:${number}/TCP`) || open.includes(`*:${number}/TCP`),
        `${variable} is not reached`,
      )
      return [variable]
    })
    for (const variable of ['REDIS_URL', 'CLAMD_URL']) assert.ok(asked.includes(variable), variable)
  })

  it('as the scanner: names, and signatures by https', () =>
    assert.deepEqual(reached('clamd'), [...names, '*:443/TCP']))

  it('as Redis: nobody, since no policy opens what the one for everybody closes', () => {
    const opening = kubernetes.filter(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'redis')
    assert.equal(opening.length, 1)
    assert.deepEqual(at(opening[0], 'spec', 'policyTypes'), ['Ingress'])
    assert.deepEqual(reached('nobody'), [])
  })
})

describe('the number of servers', () => {
  const scaling = at(named('HorizontalPodAutoscaler'), 'spec')

  it('follows their processors, of which they ask for a share, between two and six', () => {
    assert.deepEqual([at(scaling, 'minReplicas'), at(scaling, 'maxReplicas')], [2, 6])
    assert.deepEqual(at(scaling, 'metrics'), [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
    ])
    // Utilization is of what is requested: without a request it is not known, and nothing is scaled.
    const container = at(named('StatefulSet'), 'spec', 'template', 'spec', 'containers', 0)
    assert.match(String(at(container, 'resources', 'requests', 'cpu')), /^\d+m?$/)
    assert.ok(Number(at(scaling, 'behavior', 'scaleDown', 'stabilizationWindowSeconds')) >= 300)
  })

  it('is never so small that a disruption takes the last, nor begins below what it may fall to', () => {
    const least = Number(at(scaling, 'minReplicas'))
    assert.ok(least > Number(at(named('PodDisruptionBudget'), 'spec', 'minAvailable')))
    assert.equal(Number(at(named('StatefulSet'), 'spec', 'replicas')), least)
  })

  it('has the same limits in Container Apps', () => {
    const [, least, most] =
      /minReplicas: (\d+), maxReplicas: (\d+)/.exec(readDeployed('azure/container-apps.bicep')) ?? []
    assert.deepEqual([Number(least), Number(most)], [at(scaling, 'minReplicas'), at(scaling, 'maxReplicas')])
  })
})

describe('what the files for Azure set', () => {
  const parameters = {
    name: 'mercy',
    publicUrl: 'https://hospital.example.org',
    adminEmail: 'it@hospital.example.org',
    country: 'DE',
    timezone: 'Europe/Berlin',
    databasePassword: 'a/b@c:d?e',
    redisUrl: 'rediss://:key@mercy.redis.cache.windows.net:6380',
    smtpUrl: 'smtps://openward:secret@mail.example.org:465',
    mailFrom: 'Mercy <noreply@hospital.example.org>',
    clamdUrl: 'tcp://clamd.internal:3310',
    subnetRange: '10.4.0.0/23',
    location: 'germanywestcentral',
  }

  for (const file of ['azure/container-apps.bicep', 'azure/app-service.bicep'])
    it(`is a configuration that starts: ${file}`, () => {
      const outputs = bicepOutputs('azure/foundation.bicep', parameters, {
        'vault.properties.vaultUri': 'https://mercy-openward.vault.azure.net/',
        'database.properties.fullyQualifiedDomainName': 'mercy-openward.postgres.database.azure.com',
        'identity.id': '/subscriptions/1/identity',
        'identity.properties.clientId': '6c5c2f3e-0000-4000-8000-000000000001',
        'log.id': '/subscriptions/1/log',
      })
      const environment = bicepEnvironment(file, { ...parameters, ...outputs })
      const { NODE_COMPILE_CACHE: _cache, ...image } = dockerEnvironment()
      const configuration = readConfiguration({ ...image, ...environment })
      assert.equal(configuration.production, true)
      const { username, password, hostname, searchParams } = new URL(configuration.database_url ?? '')
      assert.deepEqual(
        [username, decodeURIComponent(password), hostname, searchParams.get('sslmode')],
        ['openward', parameters.databasePassword, 'mercy-openward.postgres.database.azure.com', 'verify-full'],
      )
      assert.deepEqual(configuration.kms_urls, ['https://mercy-openward.vault.azure.net/keys/openward'])
      assert.ok('container' in configuration.storage)
      assert.deepEqual([configuration.storage.account, configuration.storage.container], ['mercyopenward', 'documents'])
      assert.equal(configuration.public_url, parameters.publicUrl)
      assert.deepEqual([configuration.country, configuration.timezone], ['DE', 'Europe/Berlin'])
      assert.equal(configuration.redis_url, parameters.redisUrl)
      assert.equal(configuration.smtp_url, parameters.smtpUrl)
      assert.equal(configuration.trusted_proxies.length, 1)
    })
})
