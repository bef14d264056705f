// How the embedded PostgreSQL is set: what an administrator may tune in postgresql.conf, and what holds whatever that file says.
import { totalmem } from 'node:os'

const mebibyte = 1024 * 1024

/** Written to postgresql.conf when the cluster is made. */
export function initialSettings(memory_bytes = availableMemoryBytes()): string[] {
  // Of a million patients the cards and their keys take 860 MB; what does not fit is copied from the system for every read.
  const shared_mebibytes = Math.min(2048, Math.max(64, Math.floor(memory_bytes / mebibyte / 8)))
  return [
    `shared_buffers=${shared_mebibytes}MB`,
    `effective_cache_size=${shared_mebibytes * 4}MB`,
    'work_mem=8MB',
    'maintenance_work_mem=64MB',
    'max_wal_size=1GB',
    // The data lies on an SSD or in a cloud disk's cache on every machine that this is meant for.
    'random_page_cost=1.1',
    'max_parallel_workers_per_gather=1',
  ]
}

/** Given on the command line, where no file overrides it. */
export function fixedSettings(port: number, durability: 'kept' | 'unsafe_lost_at_crash'): string[] {
  const kept = durability === 'kept' ? 'on' : 'off'
  return [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    'unix_socket_directories=',
    'max_connections=100',
    `fsync=${kept}`,
    `full_page_writes=${kept}`,
    'synchronous_commit=on',
    'password_encryption=scram-sha-256',
    'timezone=UTC',
    'log_timezone=UTC',
    'jit=off',
    // What a backup has not copied yet is kept, up to here: a backup that nobody continues must not fill the disk.
    'max_slot_wal_keep_size=4GB',
    ...quietLog,
  ]
}

/**
 * A server log that holds no person: no statements, no parameters, no DETAIL, and no ERROR lines at all, since
 * "invalid input syntax" and the like quote the value; the client gets them and decides.
 */
const quietLog = [
  'logging_collector=off',
  'log_destination=stderr',
  'log_checkpoints=off',
  'log_min_messages=log',
  'log_min_error_statement=panic',
  'log_error_verbosity=terse',
  'log_statement=none',
  'log_min_duration_statement=-1',
  'log_min_duration_sample=-1',
  'log_transaction_sample_rate=0',
  'log_parameter_max_length=0',
  'log_parameter_max_length_on_error=0',
  'log_duration=off',
  'log_lock_waits=off',
]

function availableMemoryBytes() {
  // 0 stands for no limit that is known.
  return Math.min(...[process.constrainedMemory(), totalmem()].filter((bytes) => bytes > 0))
}
