// Each thing that the doctor looks at, made ill and found: in a table, one row a finding.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import type { Configuration } from '#platform/configuration.ts'
import { appRole } from '#platform/database/migrate.ts'
import { sql } from '#platform/database/sql.ts'
import { parsePublicKey } from '#platform/emergency/keys.ts'
import { openAuditSealing } from '#modules/audit-trail'
import { newBackupId } from '#platform/backup/repository.ts'
import { backupCheck, backupMeasures } from '../backup/following.ts'
import { startTestApi, type TestApi, testAppPassword, testMasterKey } from '../testing.ts'
import { examineInstallation, examineVault } from './doctor.ts'

/** What test databases are: nothing of them must outlive a power cut. */
const usual = 'durability of the database'

type Case = {
  thing: string
  /** What is found, or a part of it. */
  finding: RegExp
  /** What makes it ill, and what mends it again: statements of the owner. */
  ill?: (role: string, database: string) => string[]
  well?: (role: string, database: string) => string[]
  change?: () => Partial<Configuration>
  /** What else is ill by the same cause. */
  also?: readonly string[]
}

describe('the doctor', () => {
  let api: TestApi
  let directory: string
  before(async () => {
    api = await startTestApi()
    directory = mkdtempSync(join(tmpdir(), 'openward-doctor-'))
    await api.patient()
    await run(
      `insert into audit_logs (action, resource_type, outcome, correlation_id)
       select 'test.sealed', 'test', 'success', 'sealed' from generate_series(1, 2)`,
    )
    await seal()
  })
  after(async () => {
    await api[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
  })

  const configurationWith = (change: Partial<Configuration> = {}): Configuration => ({
    ...api.configuration,
    database_url: api.owner_url,
    master_keys: testMasterKey,
    data_directory: directory,
    ...change,
  })
  const seal = async () => {
    const system = { ...api.system, configuration: configurationWith() }
    await (await openAuditSealing(system)).seal()
  }
  const run = (text: string) => api.rows({ ...sql`select`, text })

  async function findings(change?: Partial<Configuration>): Promise<Map<string, string>> {
    const found = new Map<string, string>()
    await examineInstallation(async (name, examine) => {
      const finding = await examine().catch((error: unknown) =>
        error instanceof Error ? error.message : String(error),
      )
      if (finding !== undefined && name !== usual) found.set(name, finding)
      return finding === undefined
    }, configurationWith(change))
    return found
  }
  /** A folder that has a root of a day ago, and this log's of now in the data directory. */
  const rootsBehind = () => {
    const folder = mkdtempSync(join(directory, 'roots-'))
    const text = readFileSync(join(directory, 'audit', 'roots.txt'), 'utf8')
    const yesterday = Temporal.Now.instant().subtract({ hours: 24 }).toString()
    writeFileSync(
      join(folder, 'roots.txt'),
      text.replace(/^\d+$/m, '1').replace(/^sealed_at .*$/m, `sealed_at ${yesterday}`),
    )
    return folder
  }
  const following = (backup_hours: number, log_minutes: number) => {
    const before = (hours: number) =>
      Temporal.Now.instant()
        .subtract({ seconds: Math.round(hours * 3600) })
        .toString()
    const root = join(directory, 'backups')
    mkdirSync(root, { recursive: true })
    const state = {
      root,
      id: 'b',
      timeline: 1,
      next_segment: 1,
      backup_at: before(backup_hours),
      log_at: before(log_minutes / 60),
    }
    writeFileSync(join(directory, 'backup.json'), JSON.stringify(state))
    return root
  }

  it('finds nothing in an installation that is well', async () => {
    assert.deepEqual([...(await findings())], [])
  })

  // A function of this name in front of PostgreSQL's own: what the database says of itself is then what a case needs.
  const shadowed = (name: string, body: string) => (_role: string, database: string) => [
    'create schema shadow',
    'grant usage on schema shadow to public',
    `create function shadow.${name} ${body}`,
    `alter database "${database}" set search_path = shadow, pg_catalog, public`,
  ]
  const unshadowed = (_role: string, database: string) => [
    `alter database "${database}" reset search_path`,
    'drop schema shadow cascade',
  ]
  const full = process.getuid?.() === 0 ? /^0 MiB are free: make room, 2 GiB at least$/ : /cannot write to/

  const cases: Case[] = [
    { thing: 'data directory', finding: full, change: () => ({ data_directory: '/sys' }), also: ['audit log'] },
    { thing: 'document store', finding: full, change: () => ({ storage: { folder: '/sys/documents' } }) },
    { thing: 'virus scanner', finding: /set CLAMD_URL/, change: () => ({ production: true }) },
    {
      thing: 'emergency copies',
      finding: /There is no emergency copy .* makes them every five minutes/,
      change: () => {
        const key = parsePublicKey(`owe1_${Buffer.alloc(32, 7).toString('base64url')}`)
        return { emergency: { directory: join(directory, 'none'), public_keys: key ? [key] : [] } }
      },
    },
    {
      thing: 'backups',
      finding: /is not there: mount it/,
      change: () => {
        following(1, 1)
        rmSync(join(directory, 'backups'), { recursive: true })
        return {}
      },
    },
    {
      thing: 'database',
      finding: /the PostgreSQL at 127\.0\.0\.1: it does not answer: start it, or mend the address \(ECONNREFUSED\)/,
      change: () => ({ database_url: 'postgres://nobody@127.0.0.1:9/none' }),
    },
    {
      thing: 'line to the database',
      finding: /not encrypted: add sslmode=verify-full to DATABASE_URL/,
      change: () => ({ production: true, database_url: 'postgres://nobody@database.invalid/none' }),
      also: ['database', 'backups', 'virus scanner'],
    },
    {
      thing: 'database',
      finding: /there is none yet/,
      change: () => ({ database_url: undefined }),
    },
    {
      thing: 'version of the database',
      finding: /PostgreSQL 18 or later is needed/,
      ill: shadowed(
        'current_setting(name text) returns text language sql',
        `as $$ select case name when 'server_version_num' then '170004' else pg_catalog.current_setting(name) end $$`,
      ),
      well: unshadowed,
    },
    {
      thing: 'clock',
      finding: /are (8|9|10) s apart: let both follow the same time server/,
      ill: shadowed(
        'clock_timestamp() returns timestamptz language sql',
        `as $$ select pg_catalog.clock_timestamp() + interval '9 s' $$`,
      ),
      well: unshadowed,
    },
    {
      thing: 'migrations',
      finding: /^0032_warehouse missing: run `openward migrate`$/,
      ill: () => [
        'create table kept as select * from schema_migrations',
        `delete from schema_migrations where name like '0032_warehouse%'`,
      ],
      well: () => ['truncate schema_migrations', 'insert into schema_migrations select * from kept', 'drop table kept'],
    },
    {
      thing: 'migrations',
      finding: /^a restore into this database was cut off before it was done: drop the database/,
      ill: () => ['create table openward.unfinished_restore (begun_at timestamptz)'],
      well: () => ['drop table openward.unfinished_restore'],
    },
    {
      thing: 'migrations',
      finding: /0032_warehouse edited since/,
      ill: () => [
        'create table kept as select * from schema_migrations',
        `update schema_migrations set checksum = 'another' where name like '0032_warehouse%'`,
      ],
      well: () => ['truncate schema_migrations', 'insert into schema_migrations select * from kept', 'drop table kept'],
    },
    {
      thing: 'migrations',
      finding: /9999_tomorrow not known here: a newer OpenWard has been at work/,
      ill: () => [`insert into schema_migrations (name, checksum) values ('9999_tomorrow', 'x')`],
      well: () => [`delete from schema_migrations where name = '9999_tomorrow'`],
    },
    {
      thing: 'keys of patients',
      finding: /^1 lie under the master key gone, which is not configured/,
      ill: () => [
        'create table kept as select id, kek_id from patient_keys',
        `update patient_keys set kek_id = 'gone'`,
      ],
      well: () => ['update patient_keys k set kek_id = kept.kek_id from kept where kept.id = k.id', 'drop table kept'],
    },
    {
      thing: 'role that serves requests',
      finding: /passes row-level security by: take that from it/,
      ill: (role) => [`alter role "${role}" bypassrls`],
      well: (role) => [`alter role "${role}" nobypassrls`],
    },
    {
      thing: 'role that serves requests',
      finding: /owns tables: take that from it/,
      ill: (role) => ['create table theirs ()', `alter table theirs owner to "${role}"`],
      well: () => ['drop table theirs'],
    },
    {
      thing: 'role that serves requests',
      finding: /cannot sign in with the password of this master key: run `openward migrate`/,
      ill: (role) => [`alter role "${role}" password 'another'`],
      well: (role) => [`alter role "${role}" password '${testAppPassword}'`],
    },
    {
      thing: 'sealing of the audit log',
      finding: /not sealed is 1[12] minutes old: start a server, or run `openward audit seal`/,
      ill: () => [
        `insert into audit_logs (timestamp, action, resource_type, outcome, correlation_id)
         values (clock_timestamp() - interval '11 minutes 30 seconds', 'test.late', 'test', 'success', 'late')`,
      ],
      well: () => [
        'alter table audit_logs disable trigger user',
        `delete from audit_logs where correlation_id = 'late'`,
        'alter table audit_logs enable trigger user',
      ],
    },
    {
      thing: 'audit roots elsewhere',
      finding: /\/nowhere is not there: mount it, or mend OPENWARD_AUDIT_ROOTS_DIR/,
      change: () => ({ audit_roots_directory: '/nowhere' }),
    },
    {
      thing: 'audit roots elsewhere',
      finding: /the newest root there is \d+ minutes behind: start a server, or run `openward audit seal`/,
      change: () => ({ audit_roots_directory: rootsBehind() }),
      // Nobody signed that root.
      also: ['audit log'],
    },
    {
      thing: 'audit log',
      finding: /it is not whole: `openward audit verify` names the first entry/,
      ill: () => [
        'create table kept as select entry_id as id, action from audit_leaves join audit_logs on id = entry_id order by seq limit 1',
        'alter table audit_logs disable trigger user',
        `update audit_logs set action = 'altered' where id = (select id from kept)`,
      ],
      well: () => [
        'update audit_logs a set action = kept.action from kept where kept.id = a.id',
        'alter table audit_logs enable trigger user',
        'drop table kept',
      ],
    },
  ]

  for (const { thing, finding, ill, well, change, also = [] } of cases)
    it(`finds of the ${thing}: ${finding.source}`, async () => {
      const database = decodeURIComponent(new URL(api.owner_url).pathname.slice(1))
      const role = appRole(database)
      for (const text of ill?.(role, database) ?? []) await run(text)
      try {
        const found = await findings(change?.())
        assert.match(found.get(thing) ?? 'nothing', finding)
        assert.deepEqual(
          [...found.keys()].filter((name) => name !== thing && !also.includes(name)),
          [],
        )
      } finally {
        for (const text of well?.(role, database) ?? []) await run(text)
        rmSync(join(directory, 'backup.json'), { force: true })
      }
    })

  it('finds that a key of the vault is not used yet, and that another has wrapped the newest', async () => {
    const owner = new pg.Client({ connectionString: api.owner_url })
    await owner.connect()
    await run('create table master_keys (number int, id text, vault_key text, used_at timestamptz)')
    const kms_urls = ['https://ward.vault.azure.net/keys/new', 'https://ward.vault.azure.net/keys/old']
    const add = (number: number, address: string, used: string) =>
      run(`insert into master_keys values (${number}, 'k${number}', '${address}', ${used})`)
    try {
      await add(1, 'https://ward.vault.azure.net/keys/old/v1', 'now()')
      assert.match(
        (await examineVault(owner, { kms_urls })) ?? '',
        /the newest key is wrapped by .*\/old\/v1, and OPENWARD_KMS_URL names .*\/new first/,
      )
      await add(2, 'https://ward.vault.azure.net/keys/new/v1', 'null')
      assert.match((await examineVault(owner, { kms_urls })) ?? '', /its key k2 is known and not used yet/)
      await run(`update master_keys set used_at = now()`)
      assert.equal(await examineVault(owner, { kms_urls }), undefined)
    } finally {
      await run('drop table master_keys')
      await owner.end()
    }
  })

  it('does not take what came from another PostgreSQL, and is sealed, to wait for a seal', async () => {
    await run(`insert into audit_logs (timestamp, recorded_xid, action, resource_type, outcome, correlation_id)
               values (clock_timestamp() - interval '1 day', '9000000000000', 'test.far', 'test', 'success', 'far')`)
    assert.equal((await findings()).get('sealing of the audit log'), undefined)
  })

  it('takes backups to be late after 48 hours, and their log after 15 minutes', async () => {
    const told = async (change: Partial<Configuration>) =>
      (await backupCheck(configurationWith({ database_url: undefined, ...change }))?.())?.status
    assert.equal(await told({ production: true }), 'degraded', 'none are made')
    assert.equal(await told({ production: false }), 'ok')
    const backup_directory = join(directory, 'backups')
    assert.equal(await told({ backup_directory }), 'degraded', 'there is none yet')
    for (const [hours, minutes, status] of [
      [47.9, 14.9, 'ok'],
      [48.1, 14.9, 'degraded'],
      [47.9, 15.1, 'degraded'],
    ] as const) {
      following(hours, minutes)
      assert.equal(await told({ backup_directory }), status, `${hours} hours, log of ${minutes} minutes`)
    }
    assert.equal(await told({ backup_directory: join(directory, 'others') }), 'degraded', 'those are of another place')
    rmSync(join(directory, 'backup.json'))
  })

  it('takes backups with DATABASE_URL to be late after 48 hours, by the folder that they lie in', async () => {
    const backup_directory = join(directory, 'own-backups')
    const configuration = configurationWith({ backup_directory })
    const told = async () => (await backupCheck(configuration)?.())?.status
    const age = () => backupMeasures(configuration)[0]?.read()
    assert.equal(backupCheck(configurationWith({ backup_directory: undefined })), undefined, 'made by other means')
    assert.deepEqual([await told(), await age()], ['degraded', undefined], 'there is none yet')
    for (const [hours, status] of [
      [48.1, 'degraded'],
      [47.9, 'ok'],
    ] as const) {
      const begun = Temporal.Now.instant().subtract({ seconds: Math.round(hours * 3600) })
      mkdirSync(join(backup_directory, 'backups', newBackupId(begun)), { recursive: true })
      mkdirSync(join(backup_directory, 'backups', `${newBackupId(Temporal.Now.instant())}.making`))
      assert.equal(await told(), status, `${hours} hours`)
      assert.ok(Math.abs(Number(await age()) - hours * 3600) < 60)
    }
    assert.equal(await backupMeasures(configuration)[1]?.read(), undefined, 'it has no log')
  })
})
