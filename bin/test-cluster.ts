// A PostgreSQL for tests: the embedded one, in a temporary folder, without fsync, gone when the run is over.
import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../server/platform/database/embedded/embedded.ts'

const memory_folder = '/dev/shm'
/** A full run leaves some hundred databases of 8 MB each, and their WAL. */
const needed_bytes = 4 * 1024 ** 3

/** Returns the superuser's URL as tests expect it in TEST_DATABASE_URL, and the way to end and remove it all. */
export async function startTestCluster(options: { port?: number }) {
  const top = mkdtempSync(join(temporaryFolder(), 'openward-test-database-'))
  try {
    const db = await startEmbeddedPostgres({
      directory: join(top, 'postgres'),
      superuser_password: 'openward-test',
      durability: 'unsafe_lost_at_crash',
      log: (line) => process.stderr.write(`${line}\n`),
      ...options,
    })
    return {
      url: db.superuser_url,
      async stop() {
        await db.stop()
        rmSync(top, { recursive: true, force: true })
      },
    }
  } catch (error) {
    rmSync(top, { recursive: true, force: true })
    throw error
  }
}

/** Memory if it is large enough (in a container it is often 64 MB), else the disk. */
function temporaryFolder() {
  try {
    const { bavail, bsize } = statfsSync(memory_folder)
    return bavail * bsize >= needed_bytes ? memory_folder : tmpdir()
  } catch {
    return tmpdir()
  }
}
