import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { createTestDatabase, dropTestDatabase, testAppPassword } from '../../testing.ts'
import { appRole, appUrl, migrate, type Migration, MigrationError, readMigrations } from './migrate.ts'
import { firstAccepted } from './passwords.ts'

const migration = (name: string, text: string): Migration => ({ name, text, checksum: `checksum of ${text}` })

describe('two databases of one PostgreSQL', () => {
  it('have a role each, so that nobody takes the password of the other', async () => {
    const names = ['one', 'the "other"', 'ó'.repeat(22)].map((name) => `${name} ${randomUUID().slice(0, 8)}`)
    const admin = new pg.Client({ connectionString: process.env.TEST_DATABASE_URL })
    await admin.connect()
    try {
      const urls = await Promise.all(
        names.map(async (name) => {
          await admin.query(`create database ${pg.escapeIdentifier(name)}`)
          const url = new URL(process.env.TEST_DATABASE_URL ?? '')
          url.pathname = `/${encodeURIComponent(name)}`
          return url.href
        }),
      )
      await Promise.all(
        urls.map((owner_url, at) => migrate({ owner_url, app_password: `secret ${at}`, migrations: [] })),
      )
      for (const [at, url] of urls.entries()) {
        const app = new pg.Client({ connectionString: appUrl(url, `secret ${at}`) })
        await app.connect()
        const { rows } = await app.query('select current_database() as name, pg_has_role($1, $2) as is_member', [
          'openward_app',
          'usage',
        ])
        assert.deepEqual(rows, [{ name: names[at], is_member: true }])
        await app.end()
        const stranger = new pg.Client({ connectionString: appUrl(url, `secret ${(at + 1) % urls.length}`) })
        await assert.rejects(stranger.connect(), { code: '28P01' })
      }
    } finally {
      for (const name of names) {
        await admin.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`)
        await admin.query(`drop role if exists ${pg.escapeIdentifier(appRole(name))}`)
      }
      await admin.end()
    }
  })

  it('leave no role that signs in to all of them, as there was one before', async () => {
    const owner_url = await createTestDatabase()
    const admin = new pg.Client({ connectionString: owner_url })
    await admin.connect()
    try {
      await admin.query(`alter role openward_app login password 'before'`)
      await migrate({ owner_url, app_password: testAppPassword, migrations: [] })
      const { rows } = await admin.query(`select rolcanlogin from pg_roles where rolname = 'openward_app'`)
      assert.deepEqual(rows, [{ rolcanlogin: false }])
    } finally {
      await admin.end()
      await dropTestDatabase(owner_url)
    }
  })

  it('say what to do where the owner of one may not use the role of the other', async () => {
    const owner_url = await createTestDatabase()
    const owner = `owner_${randomUUID().slice(0, 8)}`
    const admin = new pg.Client({ connectionString: owner_url })
    await admin.connect()
    try {
      const name = new URL(owner_url).pathname.slice(1)
      await admin.query(`create role ${owner} login createrole password 'secret'; drop role ${appRole(name)}`)
      await admin.query(
        `alter database ${name} owner to ${owner}; grant all on all tables in schema public to ${owner}`,
      )
      const url = new URL(owner_url)
      url.username = owner
      url.password = 'secret'
      await assert.rejects(
        migrate({ owner_url: url.href, app_password: 'secret', migrations: [] }),
        (error: unknown) => error instanceof MigrationError && /with admin option/.test(error.message),
      )
    } finally {
      await admin.query(`reassign owned by ${owner} to current_user; drop owned by ${owner}; drop role ${owner}`)
      await admin.end()
      await dropTestDatabase(owner_url)
    }
  })
})

describe('the address of the role that serves requests', () => {
  it('names the database of the user where the address of the owner names none', () => {
    for (const owner_url of ['postgres://Ada%20L:secret@db.test:5433', 'postgres://Ada%20L:secret@db.test:5433/']) {
      const url = new URL(appUrl(owner_url, 'p/w'))
      assert.deepEqual([url.pathname, decodeURIComponent(url.username)], ['/Ada%20L', 'openward_app_Ada L'])
      assert.deepEqual([decodeURIComponent(url.password), url.host], ['p/w', 'db.test:5433'])
    }
  })

  it('has the password that the database accepts, and the first one while the database is away', async () => {
    const owner_url = await createTestDatabase()
    try {
      const urlOf = (password: string) => appUrl(owner_url, password)
      assert.equal(await firstAccepted(['replaced', testAppPassword, 'never'], urlOf), testAppPassword)
      assert.equal(await firstAccepted(['replaced', 'never'], urlOf), 'replaced')
      const asked: string[] = []
      const away = (password: string) => `postgres://openward:${asked.push(password)}@127.0.0.1:9/none`
      assert.equal(await firstAccepted(['replaced', testAppPassword], away), 'replaced')
      assert.deepEqual(asked, ['replaced'], 'who is away is asked once')
    } finally {
      await dropTestDatabase(owner_url)
    }
  })
})

describe('migrating', () => {
  let owner_url: string
  let client: pg.Client
  before(async () => {
    owner_url = await createTestDatabase()
    client = new pg.Client({ connectionString: owner_url })
    await client.connect()
    await client.query(
      'drop schema openward cascade; drop schema pgboss cascade; drop schema public cascade; create schema public',
    )
  })
  after(async () => {
    await client.end()
    await dropTestDatabase(owner_url)
  })
  const run = (migrations?: Migration[]) =>
    migrate({ owner_url, app_password: testAppPassword, ...(migrations ? { migrations } : {}) })

  it('is done once, however many servers start together', async () => {
    const done = await Promise.all(Array.from({ length: 6 }, () => run()))
    assert.equal(done.filter(({ length }) => length > 0).length, 1)
    assert.equal(done.flat().length, readMigrations().length)
    assert.deepEqual(await run(), [])
  })

  it('refuses to go on when a migration was edited after it was applied', async () => {
    const edited = readMigrations().map((one, index) => (index === 1 ? { ...one, checksum: 'another' } : one))
    await assert.rejects(
      run(edited),
      (error: unknown) => error instanceof MigrationError && /was edited/.test(error.message),
    )
  })

  it('leaves a failed migration undone whole, and does it when it is mended', async () => {
    const all = readMigrations()
    await assert.rejects(run([...all, migration('9001_half', 'create table half (id int); select 1 / 0')]), {
      code: '22012',
    })
    const { rows } = await client.query(`select to_regclass('half') as found`)
    assert.deepEqual(rows, [{ found: null }])
    assert.deepEqual(await run([...all, migration('9001_half', 'create table half (id int)')]), ['9001_half'])
  })

  it('waits for a lock a second at a time and gets through when it is free', async () => {
    const all = [...readMigrations(), migration('9001_half', 'create table half (id int)')]
    await client.query('begin')
    await client.query('lock table half in access share mode')
    const migrating = run([...all, migration('9002_column', 'alter table half add column name text')])
    // The migration gives way at least once while the other transaction is open.
    const waiting = new pg.Client({ connectionString: owner_url })
    await waiting.connect()
    await waiting.query(`set lock_timeout = '20s'`)
    for (let tries = 0; tries < 100; tries += 1) {
      const { rows } = await waiting.query(`select 1 from pg_locks where relation = 'half'::regclass and not granted`)
      if (rows.length > 0) break
      await waiting.query('select pg_sleep(0.05)')
    }
    await client.query('commit')
    assert.deepEqual(await migrating, ['9002_column'])
    await waiting.end()
  })

  it('builds an index beside those who write, whatever was left half done, and however many servers start together', async () => {
    const index = migration(
      '9010_index',
      '-- Beside writers.\ndrop index concurrently if exists half_id;\ncreate index concurrently half_id on half (id);\n',
    )
    const all = [...readMigrations(), index]
    const writer = new pg.Client({ connectionString: owner_url })
    await writer.connect()
    try {
      await client.query('insert into half values (1), (1)')
      // It is there afterwards, and of no use.
      await assert.rejects(client.query('create unique index concurrently half_id on half (id)'), { code: '23505' })
      await writer.query('begin')
      await writer.query('insert into half values (7)')
      const migrating = Promise.all([1, 2, 3].map(() => run(all)))
      const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      while ((await client.query(waiting)).rowCount === 0);
      await client.query(`set lock_timeout = '1s'`)
      await client.query('insert into half values (8)')
      await writer.query('commit')
      assert.deepEqual((await migrating).flat(), ['9010_index'])
    } finally {
      await writer.end()
    }
    const { rows } = await client.query(
      `select indisvalid, indisunique from pg_index where indexrelid = 'half_id'::regclass`,
    )
    assert.deepEqual(rows, [{ indisvalid: true, indisunique: false }])
  })

  it('of this version builds no index on a table that is there without letting others write', () => {
    const later = readMigrations().filter(({ name }) => name > '0059')
    for (const { name, text } of later) {
      const own = Array.from(text.matchAll(/create table (\w+)/g), ([, table]) => table)
      for (const [whole, concurrently, index, table] of text.matchAll(
        /create (?:unique )?index (concurrently )?(\w+)\s+on (\w+)/g,
      )) {
        if (own.includes(table)) continue
        assert.ok(concurrently, `${name}: ${whole}`)
        assert.match(
          text,
          new RegExp(`drop index concurrently if exists ${index};`),
          `${name}: it may be left half done`,
        )
      }
      assert.equal(text.includes(' concurrently'), /^-- Beside writers[.:]/.test(text), name)
    }
  })

  it('is tried again when it is the one that PostgreSQL takes out of a deadlock', async () => {
    await client.query('create sequence tries')
    const deadlocked = migration(
      '9003_deadlocked',
      `create table in_deadlock (id int);
       do $$ begin
         if nextval('tries') < 3 then raise exception 'deadlock detected' using errcode = 'deadlock_detected'; end if;
       end $$`,
    )
    assert.deepEqual(await run([deadlocked]), ['9003_deadlocked'])
    assert.equal((await client.query('select from in_deadlock')).rowCount, 0)
    await client.query('drop sequence tries')
  })

  it('gives way to another process that sets the password of the serving role at this moment', async () => {
    const other = new pg.Client({ connectionString: owner_url })
    await other.connect()
    const role = appRole(new URL(owner_url).pathname.slice(1))
    try {
      await other.query(`begin; alter role ${role} password '${testAppPassword}'`)
      const migrating = run([])
      for (let isWaiting = false; !isWaiting;) {
        const { rowCount } = await client.query(
          `select from pg_stat_activity where datname = current_database() and application_name = 'openward migrate' and wait_event_type = 'Lock'`,
        )
        isWaiting = rowCount !== 0
      }
      await other.query('commit')
      assert.deepEqual(await migrating, [])
    } finally {
      await other.end()
    }
    const app = new pg.Client({ connectionString: appUrl(owner_url, testAppPassword) })
    await app.connect()
    await app.end()
  })

  it('changes nothing where the database takes no changes, such as a replica, and says so', async () => {
    const database = new URL(owner_url).pathname.slice(1)
    await client.query(`alter database ${database} set default_transaction_read_only = on`)
    await assert.rejects(run(), { code: '25006' })
    await client.query(`alter database ${database} reset default_transaction_read_only`)
    assert.deepEqual(await run(), [])
  })

  it('refuses a PostgreSQL before 18, and makes nothing in it', async () => {
    const database = new URL(owner_url).pathname.slice(1)
    // What an older server answers.
    await client.query(
      `create schema older; create function older.current_setting(text) returns text return '170009';
       alter database ${database} set search_path = older, pg_catalog, public`,
    )
    await assert.rejects(
      run([migration('9004_newer', 'create table public.newer (id int)')]),
      (error: unknown) => error instanceof MigrationError && /needs PostgreSQL 18 or later/.test(error.message),
    )
    await client.query(`alter database ${database} reset search_path; drop schema older cascade`)
    const { rows } = await client.query(`select to_regclass('public.newer') as found`)
    assert.deepEqual(rows, [{ found: null }])
  })

  it('gives the serving role nothing to own and no way past row-level security', async () => {
    const { rows } = await client.query(
      `select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = $1`,
      [appRole(new URL(owner_url).pathname.slice(1))],
    )
    assert.deepEqual(rows, [{ rolsuper: false, rolbypassrls: false, rolcreaterole: false }])
    const unprotected = await client.query<{ table_name: string }>(`
      select distinct c.table_name from information_schema.columns c join pg_class t on t.oid = c.table_name::regclass
       where c.table_schema = 'public' and c.column_name = 'patient_id' and t.relkind = 'r' and not t.relrowsecurity order by 1`)
    // These hold no person's data but who relates to whom; the rule of row-level security itself reads three of them.
    assert.deepEqual(
      unprotected.rows.map(({ table_name }) => table_name),
      [
        'care_relationships',
        'emergency_accesses',
        'events',
        'mails',
        'patient_import_rows',
        'patients_of_users',
        'sessions',
      ],
    )
  })
})
