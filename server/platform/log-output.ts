// Where log lines go: to a file descriptor that may be full, slow or gone. Requests never wait for it, nor fail because of it: lines wait
// in memory for a while, and are then lost, those of least weight first. What must not be lost is in the audit log.
import { write, writeSync } from 'node:fs'
import type { DestinationStream } from 'pino'

/** As pino counts levels: from here on a line is a warning. */
const warning = 40
const mostWaitingBytes = 1_048_576
const retryMilliseconds = 250

/** Pino's destination on a file descriptor. `lost` makes the line that tells how many were lost, once lines can be written again. */
export function logOutput(fd: number, lost: (lines: number) => string): DestinationStream {
  let waiting: string[] = []
  let waiting_bytes = 0
  let unwritten = Buffer.alloc(0)
  let lost_lines = 0
  let isWriting = false
  const whenWritten: (() => void)[] = []

  function flush() {
    if (isWriting) return
    if (unwritten.length === 0) unwritten = take()
    if (unwritten.length === 0) {
      for (const tell of whenWritten.splice(0)) tell()
      return
    }
    isWriting = true
    write(fd, unwritten, (error, written) => {
      if (!error) unwritten = unwritten.subarray(written)
      const pause_ms = error ? retryMilliseconds : 0
      if (pause_ms === 0) {
        isWriting = false
        return flush()
      }
      setTimeout(() => {
        isWriting = false
        flush()
      }, pause_ms).unref()
    })
  }

  function take() {
    const lines = lost_lines > 0 ? [lost(lost_lines), ...waiting] : waiting
    waiting = []
    waiting_bytes = 0
    lost_lines = 0
    return Buffer.from(lines.join(''))
  }

  // Once, and without waiting: an end must not hang on what cannot be written.
  process.once('exit', () => {
    try {
      writeSync(fd, Buffer.concat([isWriting ? Buffer.alloc(0) : unwritten, take()]))
    } catch {
      // There is nobody left to tell.
    }
  })

  const output = {
    /** Pino tells the level of each line to a destination that says so. */
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write(line: string) {
      const limit = output.lastLevel >= warning ? mostWaitingBytes : mostWaitingBytes / 2
      if (waiting_bytes + line.length > limit) {
        lost_lines += 1
        return
      }
      waiting.push(line)
      waiting_bytes += line.length
      flush()
    },
    /** Tells when all lines until now are out. Of a descriptor that takes nothing that is never: bound it. */
    flush(tell: () => void) {
      whenWritten.push(tell)
      flush()
    },
  }
  return output
}
