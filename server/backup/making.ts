// One backup of this installation, as the command line makes it.
import { readFileSync } from 'node:fs'
import { followBackup } from '#platform/backup/follow.ts'
import { makeBackup } from '#platform/backup/make.ts'
import type { ClusterManifest, Manifest } from '#platform/backup/repository.ts'
import type { Configuration } from '#platform/configuration.ts'
import { createLog } from '#platform/logging.ts'
import { openStorage } from '#platform/storage/storage.ts'
import { tracedStorage } from '#platform/tracing/traced-storage.ts'
import { openTracing, within } from '#platform/tracing/tracing.ts'
import { keyFile, passwordFile, type Place, readBackupKeyring } from '../place.ts'
import { ownVersion } from '../version.ts'
import { followOptions, noteErasures } from './following.ts'

/** In this folder; in OPENWARD_BACKUP_DIR so that servers go on adding to it. @throws BackupFailed, ConfigurationError */
export async function backUp(
  configuration: Configuration,
  place: Omit<Place, 'keyring'>,
  root: string,
  say: (line: string) => void,
): Promise<Manifest> {
  const { data_directory } = configuration
  const { owner_url, cluster_directory } = place
  const keyring = readBackupKeyring(configuration)
  const options = followOptions(configuration, place)
  const tracing = await openTracing(configuration, ownVersion(), createLog(configuration.log_level))
  const backup = tracing?.begin('backup', 'inside')
  const following = options?.root === root ? options : undefined
  const password = () => readFileSync(keyFile(configuration, passwordFile), 'utf8').trim()
  const making = () => {
    const storage = openStorage(configuration)
    return makeBackup({
      source: {
        owner_url,
        embedded: cluster_directory === undefined ? undefined : { cluster_directory, superuser_password: password() },
        data_directory,
        storage: backup ? tracedStorage(storage, (name) => backup.child(name, 'client')) : storage,
        openward_version: ownVersion(),
      },
      keyring,
      root,
      ...(following && { follow: (made: ClusterManifest) => followBackup(following, made) }),
      log: say,
    })
  }
  try {
    const manifest = await within(backup, making)
    await noteErasures({ owner_url, keyring, root })
    return manifest
  } finally {
    await tracing?.close()
  }
}
