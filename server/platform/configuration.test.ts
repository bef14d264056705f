import assert from 'node:assert/strict'
import Fastify from 'fastify'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ConfigurationError, knownVariables, readConfiguration, readEnvironment } from './configuration.ts'
import { generateMasterKey } from './encryption/keyring.ts'

const production = {
  OPENWARD_ENV: 'production',
  OPENWARD_MASTER_KEY: generateMasterKey(),
  OPENWARD_PUBLIC_URL: 'https://hospital.example',
  OPENWARD_TRUSTED_PROXIES: '127.0.0.1',
}

function refused(environment: Record<string, string>, ...words: string[]) {
  assert.throws(
    () => readConfiguration(environment),
    (error: unknown) => {
      assert.ok(error instanceof ConfigurationError)
      for (const word of words) assert.ok(error.message.includes(word), `${word} is not in: ${error.message}`)
      return true
    },
  )
}

describe('the configuration', () => {
  it('needs nothing in development', () => {
    const { port, production: isProduction, public_url, rate_limit } = readConfiguration({})
    assert.deepEqual([port, isProduction, public_url, rate_limit], [8000, false, 'http://localhost:8000', true])
  })

  it('tells every fault at once, by name', () => {
    refused(
      { PORT: 'eighty', OPENWARD_COUNTRY: 'usa', OPENWARD_TIMEZONE: 'Mars/Olympus' },
      'PORT',
      'OPENWARD_COUNTRY',
      'OPENWARD_TIMEZONE',
    )
  })

  it('takes the key of backups from one place, and needs it in production where there is a folder for them', () => {
    const key = generateMasterKey()
    refused({ OPENWARD_BACKUP_KEY: key, OPENWARD_BACKUP_KEY_FILE: '/dev/null' }, 'keep one of them')
    refused({ ...production, OPENWARD_BACKUP_DIR: '/backups' }, 'OPENWARD_BACKUP_KEY', 'openward keys generate')
    const directory = mkdtempSync(join(tmpdir(), 'openward-configuration-'))
    try {
      const file = join(directory, 'backup-key')
      writeFileSync(file, `${key}\n`, { mode: 0o600 })
      for (const given of [{ OPENWARD_BACKUP_KEY: key }, { OPENWARD_BACKUP_KEY_FILE: file }]) {
        const read = readConfiguration({ ...production, OPENWARD_BACKUP_DIR: '/backups', ...given })
        assert.deepEqual([read.backup_directory, read.backup_keys], ['/backups', key])
      }
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('takes a folder for a copy of the audit roots that lies elsewhere', () => {
    const folder = (given: Record<string, string>) => readConfiguration(given).audit_roots_directory
    assert.equal(folder({}), undefined)
    assert.equal(folder({ OPENWARD_AUDIT_ROOTS_DIR: '/mnt/roots', OPENWARD_DATA_DIR: '/mnt/data' }), '/mnt/roots')
    assert.equal(folder({ OPENWARD_AUDIT_ROOTS_DIR: '/mnt/data-2', OPENWARD_DATA_DIR: '/mnt/data' }), '/mnt/data-2')
    for (const inside of ['/mnt/data', '/mnt/data/audit', '/mnt/data/..roots'])
      refused(
        { OPENWARD_AUDIT_ROOTS_DIR: inside, OPENWARD_DATA_DIR: '/mnt/data' },
        'OPENWARD_AUDIT_ROOTS_DIR must lie outside of OPENWARD_DATA_DIR',
      )
  })

  it('tells which hours are usual, or that none is unusual', () => {
    const hours = (given: Record<string, string>) => readConfiguration(given).review.usual_hours
    assert.deepEqual(hours({}), { from: '06:00', to: '22:00' })
    assert.deepEqual(hours({ OPENWARD_REVIEW_HOURS: '07:30-19:00' }), { from: '07:30', to: '19:00' })
    assert.equal(hours({ OPENWARD_REVIEW_HOURS: 'off' }), undefined)
    for (const wrong of ['22:00-06:00', '6-22', 'always'])
      refused({ OPENWARD_REVIEW_HOURS: wrong }, 'OPENWARD_REVIEW_HOURS')
  })

  it('lets in no origin that every sandboxed page has', () => {
    refused({ OPENWARD_CORS_ORIGINS: 'https://ward.example,null' }, 'OPENWARD_CORS_ORIGINS')
    refused({ ...production, OPENWARD_CORS_ORIGINS: 'null' }, 'OPENWARD_CORS_ORIGINS')
  })

  for (const wrong of [
    'https://portal.example/',
    'portal.example',
    'https://portal.example/console',
    'https://Portal.example',
    'https://portal.example:443',
    'https://someone:hidden@portal.example',
    'https://portal.example,',
    '*',
  ]) {
    it(`refuses the origin ${wrong}, which no browser says`, () =>
      refused({ OPENWARD_CORS_ORIGINS: `https://ward.example,${wrong}` }, 'OPENWARD_CORS_ORIGINS must list origins'))
  }

  it('lets in origins as browsers name them', () => {
    const origins = [
      'https://portal.example',
      'http://localhost:5173',
      'https://[2001:db8::1]:8443',
      'capacitor://localhost',
    ]
    assert.deepEqual(readConfiguration({ OPENWARD_CORS_ORIGINS: origins.join(', ') }).cors_origins, origins)
  })

  for (const wrong of [
    'nginx',
    '10.0.0.0/33',
    '10.0.0.0/0',
    '10.0.0.0/8/8',
    '127.1',
    '::1/129',
    '10.0.0.0/255.0.255.0',
    '127.0.0.1,',
  ]) {
    it(`refuses the proxy ${wrong}`, () =>
      refused({ OPENWARD_TRUSTED_PROXIES: wrong }, 'OPENWARD_TRUSTED_PROXIES must list addresses or networks'))
  }

  it('takes each proxy that Fastify takes', () => {
    const proxies = [
      '127.0.0.1',
      '10.0.0.0/8',
      '172.16.0.0/255.240.0.0',
      '::1',
      'fd00::/8',
      '::ffff:10.0.0.1',
      'loopback',
      'uniquelocal',
    ]
    const { trusted_proxies } = readConfiguration({ OPENWARD_TRUSTED_PROXIES: proxies.join(', ') })
    assert.deepEqual(trusted_proxies, proxies)
    assert.doesNotThrow(() => Fastify({ trustProxy: [...trusted_proxies] }))
  })

  for (const [wrong, word] of [
    [{ SMTP_URL: 'smtp://' }, 'SMTP_URL must read'],
    [{ SMTP_URL: 'http://mail.example' }, 'SMTP_URL must read'],
    [{ SMTP_URL: 'smtp://mail.example?pool=true' }, 'SMTP_URL knows'],
    [{ SMTP_URL: 'smtp://care:100%@mail.example' }, 'SMTP_URL must write a %'],
    [{ MAIL_FROM: 'Saint Mary' }, 'MAIL_FROM must read'],
    [{ SMTP_URL: 'smtp://mail.example', MAIL_FROM: 'Saint Mary' }, 'MAIL_FROM must read'],
  ] as const) {
    it(`refuses mail with ${JSON.stringify(wrong)}`, () => refused(wrong, word))
  }

  it('keeps the order of groups, also of those that are numbers', () => {
    const oidc = { OIDC_ISSUER: 'https://id.example', OIDC_CLIENT_ID: 'openward' }
    const { oidc: read } = readConfiguration({ ...oidc, OIDC_GROUP_ROLES: 'chiefs=admin,20=nurse,3=staff' })
    assert.deepEqual(read?.group_roles, [
      ['chiefs', 'admin'],
      ['20', 'nurse'],
      ['3', 'staff'],
    ])
    for (const wrong of ['chiefs', 'chiefs=', '=admin', 'chiefs=admin=nurse'])
      refused({ ...oidc, OIDC_GROUP_ROLES: wrong }, 'OIDC_GROUP_ROLES')
  })

  it('tells which services a process is, and where the others answer', () => {
    const whole = readConfiguration({})
    assert.deepEqual(whole.services, ['auth', 'appointments', 'prescriptions', 'records'])
    assert.deepEqual(readConfiguration({ OPENWARD_SERVICES: 'all' }).services, whole.services)
    const urls = 'auth=http://localhost:8001/,records=http://localhost:8000'
    const one = readConfiguration({ OPENWARD_SERVICES: 'appointments, records', OPENWARD_SERVICE_URLS: urls })
    assert.deepEqual(one.services, ['appointments', 'records'])
    // Itself is no other.
    assert.deepEqual([...one.service_urls], [['auth', 'http://localhost:8001']])
  })

  for (const [services, urls, word] of [
    ['pharmacy', '', 'OPENWARD_SERVICES'],
    ['auth,auth', '', 'OPENWARD_SERVICES'],
    ['auth,all', '', 'OPENWARD_SERVICES'],
    ['records', '', 'auth=…'],
    ['records', 'auth=localhost', 'OPENWARD_SERVICE_URLS'],
    ['records', 'auth=http://localhost:8001/api', 'OPENWARD_SERVICE_URLS'],
    ['records', 'auth=ftp://localhost', 'OPENWARD_SERVICE_URLS'],
    ['records', 'auth=http://a:b@localhost:8001', 'OPENWARD_SERVICE_URLS'],
    ['records', 'pharmacy=http://localhost:8001', 'OPENWARD_SERVICE_URLS'],
  ] as const) {
    it(`refuses the services ${services} with the addresses ${urls || 'of none'}`, () =>
      refused({ OPENWARD_SERVICES: services, OPENWARD_SERVICE_URLS: urls }, word))
  }

  it('refuses keys over plain HTTP from another machine in production', () => {
    const of = (url: string) => ({ ...production, OPENWARD_SERVICES: 'records', OPENWARD_SERVICE_URLS: `auth=${url}` })
    refused(of('http://auth.hospital.example:8001'), 'OPENWARD_SERVICE_URLS')
    readConfiguration(of('http://127.0.0.1:8001'))
    readConfiguration(of('https://auth.hospital.example:8001'))
  })

  it('refuses a variable that it does not know, so that a misspelt one is no silent default', () => {
    refused({ OPENWARD_MASTERKEY: 'x' }, 'OPENWARD_MASTERKEY is not a variable that OpenWard knows')
  })

  it('reads .env in development, beneath the environment, and never in production', () => {
    const before = { directory: process.cwd(), PORT: process.env.PORT, OPENWARD_ENV: process.env.OPENWARD_ENV }
    const directory = mkdtempSync(join(tmpdir(), 'openward-env-'))
    try {
      process.chdir(directory)
      delete process.env.OPENWARD_ENV
      writeFileSync('.env', 'PORT=8111\nOPENWARD_COUNTRY=EG\n')
      process.env.PORT = '8222'
      const { PORT, OPENWARD_COUNTRY } = readEnvironment()
      assert.deepEqual([PORT, OPENWARD_COUNTRY], ['8222', 'EG'])
      process.env.OPENWARD_ENV = 'production'
      assert.equal(readEnvironment().OPENWARD_COUNTRY, process.env.OPENWARD_COUNTRY)
      delete process.env.OPENWARD_ENV
      writeFileSync('.env', 'OPENWARD_ENV=production\n')
      assert.throws(() => readEnvironment(), ConfigurationError)
    } finally {
      process.chdir(before.directory)
      for (const name of ['PORT', 'OPENWARD_ENV'] as const) {
        if (before[name] === undefined) delete process.env[name]
        else process.env[name] = before[name]
      }
      rmSync(directory, { recursive: true })
    }
  })

  it('accepts a complete production', () => {
    assert.equal(readConfiguration(production).production, true)
  })

  for (const [change, words] of [
    [{ OPENWARD_MASTER_KEY: '' }, 'OPENWARD_MASTER_KEY'],
    [{ OPENWARD_KMS_URL: 'http://ours.vault.azure.net/keys/openward' }, 'OPENWARD_KMS_URL'],
    [{ OPENWARD_KMS_URL: 'https://ours.vault.azure.net/secrets/openward' }, 'OPENWARD_KMS_URL'],
    [{ OPENWARD_PUBLIC_URL: 'http://hospital.example' }, 'https://'],
    [{ OPENWARD_TRUSTED_PROXIES: '' }, 'OPENWARD_TRUSTED_PROXIES'],
    [{ OPENWARD_CORS_ORIGINS: '*' }, 'OPENWARD_CORS_ORIGINS'],
    [{ OPENWARD_RATE_LIMIT: 'off' }, 'OPENWARD_RATE_LIMIT'],
    [{ OPENWARD_ADMIN_PASSWORD: 'changemechangeme' }, 'OPENWARD_ADMIN_PASSWORD'],
    [{ OPENWARD_AUDIT_RETENTION_YEARS: '1' }, 'OPENWARD_AUDIT_RETENTION_YEARS'],
    [{ OPENWARD_IDLE_MINUTES: '61' }, 'OPENWARD_IDLE_MINUTES'],
    [{ OPENWARD_MASTER_KEY_FILE: '/run/secrets/key' }, 'OPENWARD_MASTER_KEY and OPENWARD_MASTER_KEY_FILE are both set'],
    [
      { OPENWARD_MASTER_KEY: '', OPENWARD_MASTER_KEY_FILE: '/nowhere/key' },
      'OPENWARD_MASTER_KEY_FILE cannot be read: check that the file exists',
    ],
    [{ OPENWARD_WEBHOOK_ALLOWED_HOSTS: 'engine.example,https://other.example' }, 'OPENWARD_WEBHOOK_ALLOWED_HOSTS'],
    [{ OPENWARD_WEBHOOK_ALLOWED_HOSTS: '*.example' }, 'OPENWARD_WEBHOOK_ALLOWED_HOSTS'],
    [{ OIDC_ISSUER: 'https://id.example' }, 'OIDC_CLIENT_ID must be set'],
    [{ CLAMD_URL: 'tcp://clamd:0' }, 'CLAMD_URL must read tcp://host:3310 or unix:/path'],
    [{ CLAMD_URL: 'tcp://clamd:70000' }, 'CLAMD_URL'],
    [{ CLAMD_URL: 'unix:clamd.sock' }, 'CLAMD_URL'],
    [{ CLAMD_URL: 'http://clamd' }, 'CLAMD_URL'],
    [{ WAREHOUSE_URL: 'file:warehouse' }, 'WAREHOUSE_URL'],
    [{ WAREHOUSE_URL: 'abfss://analysts/north' }, 'WAREHOUSE_URL'],
    [{ WAREHOUSE_URL: 'abfss://analysts@hospital/../north' }, 'WAREHOUSE_URL'],
    [{ AZURE_DATA_FACTORY_PIPELINE: 'load-warehouse' }, 'AZURE_DATA_FACTORY_PIPELINE must be the resource id'],
  ] as const) {
    it(`refuses production with ${JSON.stringify(change)}`, () => refused({ ...production, ...change }, words))
  }

  it('reads the master key from a file, without the line end behind it', () => {
    const directory = mkdtempSync(join(tmpdir(), 'openward-key-'))
    const OPENWARD_MASTER_KEY_FILE = join(directory, 'key')
    writeFileSync(OPENWARD_MASTER_KEY_FILE, `${production.OPENWARD_MASTER_KEY}\n`)
    const { master_keys } = readConfiguration({ ...production, OPENWARD_MASTER_KEY: '', OPENWARD_MASTER_KEY_FILE })
    assert.equal(master_keys, production.OPENWARD_MASTER_KEY)
    rmSync(directory, { recursive: true })
  })

  describe('of the warehouse', () => {
    const key = 'DefaultEndpointsProtocol=https;AccountName=hospital;AccountKey=eA=='
    const placeOf = (WAREHOUSE_URL: string, AZURE_STORAGE_CONNECTION_STRING = key) =>
      readConfiguration({ WAREHOUSE_URL, AZURE_STORAGE_CONNECTION_STRING }).warehouse.place

    it('puts it in a folder of the data unless another place is named', () => {
      const { place, is_placed } = readConfiguration({ OPENWARD_DATA_DIR: '/var/lib/openward' }).warehouse
      assert.deepEqual([place, is_placed], [{ folder: '/var/lib/openward/warehouse' }, false])
      assert.equal(readConfiguration({ WAREHOUSE_URL: 'file:/srv/lake' }).warehouse.is_placed, true)
      for (const url of ['file:/srv/lake', 'file:///srv/x/../lake', ' file:///srv/lake/ '])
        assert.deepEqual(placeOf(url), { folder: '/srv/lake' })
    })

    it('finds the container, and the folder in it, in the address of a data lake', () => {
      const place = { account: 'hospital', container: 'analysts', connection_string: key }
      for (const [url, path] of [
        ['abfss://analysts@hospital', ''],
        ['abfss://analysts@hospital/', ''],
        ['abfss://analysts@hospital.dfs.core.windows.net/ward/north/', 'ward/north'],
      ] as const)
        assert.deepEqual(placeOf(url), { ...place, path })
    })

    it('opens an account with the key of that account, and never with that of another', () => {
      const opens = (account: string, connection?: string) => {
        const place = placeOf(`abfss://analysts@${account}`, connection)
        return 'connection_string' in place && place.connection_string === (connection ?? key)
      }
      assert.equal(opens('hospital'), true)
      assert.equal(opens('hospital', 'AccountName=HOSPITAL;AccountKey=eA=='), true)
      for (const other of ['hospita', 'ospital', 'analysts']) assert.equal(opens(other), false, other)
      assert.equal(opens('hospital', ''), false)
    })

    it('names the pipeline that is told of each run', () => {
      const subscription = '11111111-2222-3333-4444-555555555555'
      const factory = `/subscriptions/${subscription}/resourceGroups/ward/providers/Microsoft.DataFactory/factories/lake`
      const { warehouse } = readConfiguration({ AZURE_DATA_FACTORY_PIPELINE: `${factory}/pipelines/load figures` })
      assert.deepEqual(warehouse.pipeline, {
        subscription,
        resource_group: 'ward',
        factory: 'lake',
        pipeline: 'load figures',
      })
      assert.equal(readConfiguration({}).warehouse.pipeline, undefined)
    })
  })

  it('never repeats a secret in its error', () => {
    const secret = 'hunter2-hunter2-changeme'
    assert.throws(
      () =>
        readConfiguration({
          ...production,
          OPENWARD_ADMIN_PASSWORD: secret,
          DATABASE_URL: `mysql://root:${secret}@db`,
        }),
      (error: unknown) => error instanceof Error && !error.message.includes(secret),
    )
  })

  it('takes one host of a database and tells nothing of an address that names several', () => {
    for (const hosts of ['one:5432,two:5432', 'one,two', 'one:port'])
      assert.throws(
        () =>
          readConfiguration({
            DATABASE_URL: `postgres://owner:hidden@${hosts}/openward?target_session_attrs=read-write`,
          }),
        (error: unknown) =>
          error instanceof Error &&
          /DATABASE_URL must name one host/.test(error.message) &&
          !error.message.includes('hidden'),
      )
  })

  it('is explained in docs/configuration.md, variable by variable', () => {
    const text = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
    const explained = [...text.matchAll(/^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*) \|/gm)].flatMap(([, names = '']) =>
      names.replaceAll('`', '').split(', '),
    )
    assert.deepEqual(explained.toSorted(), knownVariables.toSorted())
  })
})
