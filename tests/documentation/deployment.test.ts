// deploy/: what its files say of the program is so, and what a cluster is promised stands in them.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { knownVariables, readConfiguration } from '#platform/configuration.ts'
import { generateMasterKey } from '#platform/encryption/keyring.ts'
import { startTestApi } from '../../server/testing.ts'
import { serviceNames } from '#platform/services/variables.ts'
import { shippedPorts } from '../shapes.ts'
import { root } from './blocks.ts'
import {
  at,
  bicepVariables,
  deployFiles,
  dockerEnvironment,
  dockerInstructions,
  dockerWords,
  type Manifest,
  manifests,
  readDeployed,
  readYaml,
  type Tree,
} from './deployed.ts'

/** Read by libraries and by the runtime. */
const foreign = ['AZURE_CLIENT_ID', 'NODE_COMPILE_CACHE', 'MALLOC_ARENA_MAX']
const isKnown = (name: string) => [...knownVariables, ...foreign].includes(name)
const unknownOf = (names: readonly string[]) => names.filter((name) => !isKnown(name))
/** Of another program: the scanner's, and App Service's own. */
const isOfOthers = (name: string) => /^(CLAMD_CONF_|WEBSITES_)/.test(name)

const commands = [
  ...readFileSync(join(root, 'server/cli/main.ts'), 'utf8').matchAll(/^ {2}(\w+): async \(\) => .*\.\w+Command,$/gm),
].map(([, name = '']) => name)
const compose = readYaml('compose.yaml')[0] as Tree
const servers = ['openward-1', 'openward-2'].map((name) => at(compose, 'services', name) as Tree)
const kubernetes = manifests()
const ofKind = (kind: string) => kubernetes.filter((manifest) => manifest.kind === kind)
const workloads = [...ofKind('StatefulSet'), ...ofKind('Deployment')]
const containersOf = (workload: Manifest) => at(workload, 'spec', 'template', 'spec', 'containers') as Tree[]
const server = ofKind('StatefulSet')[0] as Manifest
const serverContainer = containersOf(server)[0] as Tree

/** Values as an operator fills them in; secrets are put in by the cluster. */
function assertStarts(given: Record<string, string>, address = '0.0.0.0') {
  const { NODE_COMPILE_CACHE: _cache, MALLOC_ARENA_MAX: _arenas, ...image } = dockerEnvironment()
  const environment = { ...image, OPENWARD_MASTER_KEY: generateMasterKey(), ...given }
  const configuration = readConfiguration(environment)
  const { production, host, data_directory } = configuration
  assert.deepEqual([production, host, data_directory], [true, address, '/var/lib/openward'])
  return configuration
}

/** The environment of a container of Compose, as `.env` made from the example fills it in. */
function filledIn(container: Tree): Record<string, string> {
  const values: Record<string, string> = {}
  for (const line of readDeployed('compose.env.example').matchAll(/^([A-Z_]+)=(.*)$/gm))
    values[line[1] ?? ''] = line[2] ?? ''
  values.POSTGRES_PASSWORD = 'made-up'
  const environment = at(container, 'environment') as Record<string, string>
  assert.deepEqual(unknownOf(Object.keys(environment)), [])
  const filled = Object.entries(environment).map(([name, value]) => {
    const text = value.replaceAll(/\$\{([A-Z_]+)(?::[-?][^}]*)?\}/g, (_, variable: string) => {
      assert.ok(variable in values, `${variable} is not in compose.env.example`)
      return values[variable] ?? ''
    })
    return [name, text]
  })
  const { OPENWARD_MASTER_KEY_FILE, OPENWARD_BACKUP_KEY_FILE, ...rest } = Object.fromEntries(filled) as Record<
    string,
    string
  >
  const secrets = (at(container, 'secrets') as string[]).map((name) => `/run/secrets/${name}`)
  assert.deepEqual([OPENWARD_MASTER_KEY_FILE, OPENWARD_BACKUP_KEY_FILE], secrets)
  assert.ok((at(container, 'volumes') as string[]).some((volume) => volume.endsWith(`:${rest['OPENWARD_BACKUP_DIR']}`)))
  return { ...rest, OPENWARD_BACKUP_KEY: generateMasterKey() }
}

function assertServesOnly(container: Tree) {
  const { user, read_only, cap_drop, security_opt, stop_grace_period, tmpfs } = container
  assert.deepEqual([user, read_only, cap_drop], ['10001:10001', true, ['ALL']])
  assert.deepEqual([security_opt, stop_grace_period], [['no-new-privileges:true'], '45s'])
  assert.match((tmpfs as string[])[0] ?? '', /^\/tmp:/)
  assert.equal(at(container, 'ulimits', 'core'), 0)
  for (const name of ['postgres', 'redis'])
    assert.equal(at(container, 'depends_on', name, 'condition'), 'service_healthy')
}

describe('the image', () => {
  it('copies what is there, and sets variables that the program reads', () => {
    const copied = dockerInstructions()
      .filter(({ name, rest }) => name === 'COPY' && !rest.startsWith('--from'))
      .flatMap(({ rest }) => rest.split(/\s+/).slice(0, -1))
    assert.deepEqual(copied, [
      'package.json',
      'package-lock.json',
      'LICENSE',
      'bin',
      'docs/problems',
      'server',
      'console',
    ])
    for (const path of copied) {
      assert.ok(existsSync(join(root, path)), path)
      assert.match(readDeployed('Dockerfile.dockerignore'), new RegExp(`^!${path}$`, 'm'))
    }
    assert.deepEqual(unknownOf(Object.keys(dockerEnvironment())), [])
  })

  it('starts the program as `openward` does, as a user without rights and without a shell', () => {
    const [node = '', ...words] = dockerWords('ENTRYPOINT')
    assert.ok(existsSync(join(root, node)))
    const flags = /memory_flags = \[([^\]]+)\]/.exec(readFileSync(join(root, 'bin/openward.mjs'), 'utf8'))?.[1] ?? ''
    assert.deepEqual(words, [...[...flags.matchAll(/'([^']+)'/g)].map(([, flag]) => flag), 'server/cli/main.ts'])
    assert.ok(commands.length > 8)
    assert.deepEqual(dockerWords('CMD'), ['serve'])
    assert.ok(commands.includes('serve'))
    const last = (name: string) => dockerInstructions().findLast((instruction) => instruction.name === name)?.rest
    assert.deepEqual([last('USER'), last('EXPOSE'), last('VOLUME')], ['10001:10001', '8000', '/var/lib/openward'])
    const version = /"node": "(\d+)\./.exec(readFileSync(join(root, 'package.json'), 'utf8'))?.[1]
    assert.ok(dockerInstructions().some(({ name, rest }) => name === 'FROM' && rest.startsWith(`node:${version}-`)))
  })
})

describe('compose.yaml', () => {
  it('gives the servers a configuration with which they start', () => {
    for (const one of servers) {
      assertStarts(filledIn(one))
      assert.ok(commands.includes((at(one, 'command') as string[])[0] ?? ''))
    }
  })

  it('lets the servers do nothing but serve: no root, no rights, nothing to write but their data', () => {
    assert.equal(servers.length, 2)
    for (const one of servers) assertServesOnly(one)
    assert.equal(at(compose, 'services', 'postgres', 'image'), 'postgres:18-bookworm')
    assert.equal(at(compose, 'networks', 'back', 'internal'), true)
    for (const name of ['postgres', 'redis']) {
      assert.deepEqual(at(compose, 'services', name, 'networks'), ['back'])
      assert.equal(at(compose, 'services', name, 'ports'), undefined)
      assert.ok(at(compose, 'services', name, 'healthcheck', 'test'))
    }
    assert.equal(at(compose, 'services', 'clamd', 'environment', 'CLAMD_CONF_AlertEncrypted'), 'yes')
  })

  it('has a proxy that knows both servers, believes nobody and keeps no query', () => {
    const text = readDeployed('compose.nginx.conf')
    for (const name of ['openward-1:8000', 'openward-2:8000']) assert.ok(text.includes(`server ${name} `))
    assert.match(text, /proxy_set_header X-Forwarded-For \$remote_addr;/)
    assert.ok(!/\$request\b|\$request_uri"|\$args/.test(/log_format[^;]+;/.exec(text)?.[0] ?? '$args'))
    assert.match(text, /location = \/metrics \{ return 404; \}/)
    const { upload_bytes } = readConfiguration({})
    assert.ok(Number(/client_max_body_size (\d+)m;/.exec(text)?.[1]) * 1_048_576 > upload_bytes)
  })
})

describe('compose.services.yaml', () => {
  const apart = readYaml('compose.services.yaml')[0] as Tree
  const services = serviceNames.map((name) => [name, at(apart, 'services', name) as Tree] as const)

  it('gives each of the four services a configuration with which it starts, and tells it where the others are', () => {
    const places = services.map(([name, container]) => {
      const { port, services: own, service_urls, trusted_proxies } = assertStarts(filledIn(container), '127.0.0.1')
      assert.deepEqual([own, trusted_proxies], [[name], ['127.0.0.1']])
      assert.ok(commands.includes((at(container, 'command') as string[])[0] ?? ''))
      for (const [other, url] of service_urls) assert.equal(url, `http://127.0.0.1:${shippedPorts[other]}`, name)
      for (const other of serviceNames) assert.ok(other === name || service_urls.has(other), `${name}: ${other}`)
      return [name, port] as const
    })
    assert.deepEqual(Object.fromEntries(places), shippedPorts)
  })

  it('lets them do nothing but serve, in one network with the proxy, which nothing but the proxy opens', () => {
    const volumes = services.map(([, container]) => {
      assertServesOnly(container)
      assert.equal(container.network_mode, 'service:servers')
      assert.equal(container.ports, undefined)
      return (container.volumes as string[])[0]
    })
    assert.equal(new Set(volumes).size, services.length, 'two services share a folder of their own')
    assert.equal(at(apart, 'services', 'proxy', 'network_mode'), 'service:servers')
    const open = Object.entries(apart.services as Record<string, Tree>).flatMap(([name, { ports }]) =>
      ports ? [name] : [],
    )
    assert.deepEqual(open, ['servers'])
    assert.deepEqual(at(apart, 'services', 'servers', 'networks'), ['front', 'back'])
  })

  it('has the database, the limits and the scanner of compose.yaml', () => {
    for (const name of ['postgres', 'redis', 'clamd'])
      assert.deepEqual(at(apart, 'services', name), at(compose, 'services', name), name)
    assert.deepEqual(at(apart, 'networks', 'back'), at(compose, 'networks', 'back'))
  })
})

describe('the manifests of Kubernetes', () => {
  it('give the servers a configuration with which they start', () => {
    const data = at(ofKind('ConfigMap')[0], 'data') as Record<string, string>
    const own = (at(serverContainer, 'env') as { name: string; value: string }[]).map(({ name }) => name)
    assert.deepEqual(unknownOf([...Object.keys(data), ...own]), [])
    assertStarts({ ...data, DATABASE_URL: 'postgres://openward:made-up@postgres:5432/openward' })
    assert.ok(commands.includes((at(serverContainer, 'args') as string[])[0] ?? ''))
  })

  it('run nothing as root, with no rights, no token and nothing to write but volumes', () => {
    assert.deepEqual(workloads.map(({ metadata }) => metadata.name).toSorted(), ['clamd', 'openward', 'redis'])
    assert.equal(at(ofKind('Namespace')[0], 'metadata', 'labels', 'pod-security.kubernetes.io/enforce'), 'restricted')
    for (const workload of workloads) {
      const { name } = workload.metadata
      const pod = at(workload, 'spec', 'template', 'spec')
      assert.equal(at(pod, 'automountServiceAccountToken'), false, name)
      assert.equal(at(pod, 'securityContext', 'runAsNonRoot'), true, name)
      assert.equal(at(pod, 'securityContext', 'seccompProfile', 'type'), 'RuntimeDefault', name)
      for (const container of containersOf(workload)) {
        assert.equal(at(container, 'securityContext', 'allowPrivilegeEscalation'), false, name)
        assert.deepEqual(at(container, 'securityContext', 'capabilities', 'drop'), ['ALL'], name)
        assert.ok(at(container, 'resources', 'limits', 'memory'), name)
        // The scanner's own start writes its configuration.
        if (name !== 'clamd') assert.equal(at(container, 'securityContext', 'readOnlyRootFilesystem'), true, name)
      }
    }
    assert.equal(at(server, 'spec', 'template', 'spec', 'securityContext', 'runAsUser'), 10_001)
  })

  it('ask the paths that the program answers, often enough to notice a server that is leaving', async () => {
    await using api = await startTestApi()
    const probe = (name: string) => at(serverContainer, name) as Tree
    for (const name of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      const path = at(probe(name), 'httpGet', 'path') as string
      assert.equal((await api.app.http.inject({ url: path })).statusCode, 200, path)
    }
    assert.equal(at(probe('readinessProbe'), 'httpGet', 'path'), '/health/ready')
    const seconds = Number(probe('readinessProbe').periodSeconds) * Number(probe('readinessProbe').failureThreshold)
    const { drain_seconds } = readConfiguration({ ...productionLeast, OPENWARD_MASTER_KEY: generateMasterKey() })
    assert.ok(seconds < drain_seconds, `${seconds} s until it is noticed, ${drain_seconds} s of grace`)
    // tests/faults/blocked.test.ts: a probe of liveness waits ten seconds, and a thread that is held up for less is missed by none.
    assert.ok(Number(probe('livenessProbe').timeoutSeconds) >= 10)
    assert.ok(Number(probe('livenessProbe').failureThreshold) > 1)
    assert.ok(Number(probe('startupProbe').timeoutSeconds) > 1, 'a second is the default, and too little for a start')
    // The shortest stretch that two probes in a row miss, one begun as the other has ended.
    const missed = 2 * Number(probe('readinessProbe').timeoutSeconds) - 1
    assert.ok(missed >= 5)
    const docker = dockerInstructions().find(({ name }) => name === 'HEALTHCHECK')?.rest ?? ''
    assert.match(docker, /--timeout=10s .*--retries=3/)
    for (const kind of ['Startup', 'Readiness', 'Liveness']) {
      const [, text = ''] = new RegExp(`type: '${kind}', (.*) }`).exec(readDeployed('azure/container-apps.bicep')) ?? []
      const seconds = Number(/timeoutSeconds: (\d+)/.exec(text)?.[1])
      assert.equal(seconds, Number(probe(`${kind.toLowerCase()}Probe`).timeoutSeconds), kind)
    }
    const grace = Number(at(server, 'spec', 'template', 'spec', 'terminationGracePeriodSeconds'))
    assert.ok(grace > 30)
    const [port] = at(serverContainer, 'ports') as { containerPort: number }[]
    assert.equal(String(port?.containerPort), dockerEnvironment().PORT)
  })

  it('keep servers through disruptions, make more by load, and select what there is', () => {
    const labels = at(server, 'spec', 'template', 'metadata', 'labels') as Record<string, string>
    assert.ok(Number(at(server, 'spec', 'replicas')) >= 2)
    const [budget] = ofKind('PodDisruptionBudget')
    assert.deepEqual([at(budget, 'spec', 'minAvailable'), at(budget, 'spec', 'selector', 'matchLabels')], [1, labels])
    const target = at(ofKind('HorizontalPodAutoscaler')[0], 'spec', 'scaleTargetRef')
    assert.deepEqual(target, { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'openward' })
    const known = workloads.map((workload) => at(workload, 'spec', 'template', 'metadata', 'labels'))
    for (const service of ofKind('Service')) {
      const selector = at(service, 'spec', 'selector')
      const selected = workloads[known.findIndex((one) => JSON.stringify(one) === JSON.stringify(selector))]
      assert.ok(selected, service.metadata.name)
      const ports = containersOf(selected).flatMap((container) => at(container, 'ports') as { name: string }[])
      const [port] = at(service, 'spec', 'ports') as { targetPort: string }[]
      assert.ok(
        ports.some(({ name }) => name === port?.targetPort),
        service.metadata.name,
      )
    }
    const volumes = at(server, 'spec', 'template', 'spec', 'volumes') as { name: string }[]
    const claims = at(server, 'spec', 'volumeClaimTemplates') as Manifest[]
    const names = [...volumes.map(({ name }) => name), ...claims.map(({ metadata }) => metadata.name)]
    for (const { name } of at(serverContainer, 'volumeMounts') as { name: string }[])
      assert.ok(names.includes(name), name)
  })

  it('let nobody speak with anybody but as it is told', () => {
    const policies = ofKind('NetworkPolicy')
    const everyone = policies.find((policy) => JSON.stringify(at(policy, 'spec', 'podSelector')) === '{}')
    assert.deepEqual(at(everyone, 'spec'), { podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
    for (const workload of workloads) {
      const labels = at(workload, 'spec', 'selector', 'matchLabels')
      const own = policies.find(
        (policy) => JSON.stringify(at(policy, 'spec', 'podSelector', 'matchLabels')) === JSON.stringify(labels),
      )
      const rules = at(own, 'spec', 'ingress') as { from?: unknown[]; ports?: { port: number }[] }[]
      assert.ok(rules.length > 0, workload.metadata.name)
      const ports = containersOf(workload).flatMap((container) => at(container, 'ports') as { containerPort: number }[])
      for (const rule of rules) {
        assert.ok((rule.from?.length ?? 0) > 0, workload.metadata.name)
        assert.deepEqual(
          rule.ports?.map(({ port }) => port),
          ports.map(({ containerPort }) => containerPort),
        )
      }
    }
  })
})

const productionLeast = {
  OPENWARD_ENV: 'production',
  OPENWARD_PUBLIC_URL: 'https://hospital.example',
  OPENWARD_TRUSTED_PROXIES: '10.0.0.1',
}

describe('the files for Azure', () => {
  it('set variables that the program reads, and every one without which it does not start', () => {
    for (const file of ['azure/container-apps.bicep', 'azure/app-service.bicep']) {
      const names = bicepVariables(file)
      assert.ok(names.length > 12, file)
      assert.deepEqual(unknownOf(names.filter((name) => !isOfOthers(name))), [], file)
      for (const name of [
        'DATABASE_URL',
        'OPENWARD_KMS_URL',
        'OPENWARD_PUBLIC_URL',
        'OPENWARD_TRUSTED_PROXIES',
        'CLAMD_URL',
      ])
        assert.ok(names.includes(name), `${file}: ${name}`)
    }
  })

  it('close what they open, and use each parameter that they ask for', () => {
    const files = deployFiles('azure/*.bicep')
    assert.equal(files.length, 3)
    for (const file of files) {
      const text = readDeployed(file).replaceAll(/^\s*\/\/.*$/gm, '')
      for (const [open, close] of [
        ['{', '}'],
        ['[', ']'],
        ['(', ')'],
      ] as const)
        assert.equal(text.split(open).length, text.split(close).length, `${file}: ${open}${close}`)
      for (const [, parameter = ''] of text.matchAll(/^param (\w+) /gm))
        assert.ok((text.match(new RegExp(`\\b${parameter}\\b`, 'g')) ?? []).length > 1, `${file}: ${parameter}`)
    }
    const outputs = [...readDeployed('azure/foundation.bicep').matchAll(/^output (\w+) /gm)].map(
      ([, name = '']) => name,
    )
    for (const file of files)
      for (const [, name = ''] of readDeployed(file).matchAll(/foundation\.outputs\.(\w+)/g))
        assert.ok(outputs.includes(name), name)
  })
})

describe('alert rules and dashboard', () => {
  const rules = (readYaml('prometheus/alerts.yaml')[0] as { groups: { rules: Tree[] }[] }).groups.flatMap(
    (group) => group.rules,
  )
  const Dashboard = JSON.parse(readDeployed('grafana/openward.json')) as { panels: { targets: { expr: string }[] }[] }
  const expressions = [
    ...rules.map(({ expr }) => String(expr)),
    ...Dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ]

  it('ask for metrics, labels and parts that there are', async () => {
    await using api = await startTestApi()
    const { parts } = JSON.parse((await api.app.http.inject({ url: '/health/ready' })).body) as { parts: Tree }
    const { body } = await api.app.http.inject({ url: '/metrics' })
    const known = new Set(['up'])
    for (const [, name = '', kind] of body.matchAll(/^# TYPE (\w+) (\w+)$/gm))
      for (const suffix of kind === 'histogram' ? ['_bucket', '_count', '_sum'] : ['']) known.add(name + suffix)
    assert.ok(expressions.length > 20)
    const asked = expressions.flatMap((text) => text.match(/\b(?:openward|nodejs|process)_\w+|\bup\b/g) ?? [])
    assert.deepEqual(
      asked.filter((name) => !known.has(name)),
      [],
    )
    for (const text of expressions) {
      for (const [, names = ''] of text.matchAll(/part[!=]~?"([^"]+)"/g))
        for (const name of names.split('|')) assert.ok(name in parts, `${name} is no part`)
      for (const [, state = ''] of text.matchAll(/state="(\w+)"/g))
        assert.ok(body.includes(`{state="${state}"}`), state)
    }
    assert.match(body, /^openward_part_degraded\{part="database"\} 0$/m)
  })

  it('show every metric of an alert on a panel: whoever is alarmed sees since when', () => {
    const metricsIn = (texts: string[]) =>
      new Set(texts.flatMap((text) => text.match(/\b(?:openward|nodejs|process)_\w+/g) ?? []))
    const alarmed = metricsIn(rules.map(({ expr }) => String(expr)))
    const shown = metricsIn(Dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)))
    assert.ok(alarmed.size > 5)
    assert.deepEqual(
      [...alarmed].filter((name) => !shown.has(name)),
      [],
    )
  })

  it('each say what it means and where it says what to do', () => {
    assert.ok(rules.length > 10)
    for (const rule of rules) {
      assert.ok(at(rule, 'annotations', 'summary'), String(rule.alert))
      assert.match(String(at(rule, 'labels', 'severity')), /^(critical|warning)$/)
      const [path = '', anchor] = String(at(rule, 'annotations', 'action')).split('#')
      const headings = [...readFileSync(join(root, path), 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\w\s-]/g, '')
          .replaceAll(' ', '-'),
      )
      assert.ok(anchor === undefined || headings.includes(anchor), `${String(rule.alert)}: ${anchor}`)
    }
  })
})

it('every other file of deploy is sound YAML', () => {
  const files = deployFiles('**/*.{yaml,yml}')
  assert.ok(files.length >= 9)
  for (const file of files) for (const document of readYaml(file)) assert.equal(typeof document, 'object', file)
})
