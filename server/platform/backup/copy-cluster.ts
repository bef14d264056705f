// The embedded database in a backup: its files, copied while PostgreSQL goes on writing them, and as much of its log as makes them whole.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import { certain } from '#platform/certain.ts'
import { bundleFolder, bundleText } from './bundle.ts'
import { closeSegment, copySegments, keepLog, type LogPlace, position, readLogPlace, segmentOf } from './log.ts'
import { markMoment } from './moment.ts'
import type { Copying } from './make.ts'
import { unfinishedName } from './repository.ts'

export type ClusterSource = {
  owner_url: string
  /** PostgreSQL's own data directory. */
  cluster_directory: string
  superuser_password: string
}

export async function copyCluster(
  { owner_url, cluster_directory, superuser_password }: ClusterSource,
  { client, keyring, root, id, write, log }: Copying,
  isFollowed: boolean,
) {
  const place = await readLogPlace(client)
  await mkdir(join(root, unfinishedName(id, 'log/')), { recursive: true, mode: 0o700 })
  await keepLog(client, !isFollowed)
  log('copying the files of the database')
  const files: { first_segment?: number } = {}
  const { bytes } = await write('cluster', clusterFiles(client, cluster_directory, files, place))
  const { first_segment = 0 } = files
  const moment = await markMoment(owner_url, id)
  try {
    const until = await closeSegment(client, place)
    const last_segment = segmentOf(moment.at - 1n, place)
    if (last_segment >= until) throw new Error('the log does not reach the moment that was marked')
    await copySegments({ keyring, root, id, cluster_directory, is_unfinished: true, ...place }, first_segment, until)
    log('reading what every table holds')
    const tables = await moment.digest()
    const { taken_at } = moment
    const content = { taken_at, restore_point: id, ...place, first_segment, last_segment: until - 1, tables }
    return { content: { ...content, superuser_password }, bytes }
  } finally {
    await moment.close()
  }
}

/** The files while PostgreSQL goes on writing them; last what makes it know that they are a backup. */
async function* clusterFiles(
  client: pg.Client,
  folder: string,
  files: { first_segment?: number },
  place: LogPlace,
): AsyncGenerator<Buffer> {
  files.first_segment = segmentOf(await position(client, `pg_backup_start('openward', true)`), place)
  yield* bundleFolder(folder, isOfCluster, ['global/pg_control'])
  // Its map of tablespaces is empty: those outside of the folder are links in it, and end the bundle.
  const { rows } = await client.query<{ labelfile: string }>(
    'select labelfile from pg_backup_stop(wait_for_archive => false)',
  )
  yield* bundleText('backup_label', certain(rows[0], 'label of the backup').labelfile)
}

/** What PostgreSQL makes anew at every start, as pg_basebackup leaves it out; the log is copied by itself. */
const emptied =
  /^(pg_wal|pg_replslot|pg_dynshmem|pg_notify|pg_serial|pg_snapshots|pg_stat_tmp|pg_subtrans)\/(?!archive_status$|summaries$)/
const leftOut =
  /(^|\/)(pgsql_tmp[^/]*|pg_internal\.init[^/]*)$|^(postmaster\.(pid|opts)|backup_label.*|tablespace_map.*|postgresql\.auto\.conf\.tmp|recovery\.signal|standby\.signal)$/

const isOfCluster = (path: string) => !emptied.test(path) && !leftOut.test(path)
