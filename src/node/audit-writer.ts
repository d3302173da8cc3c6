// Audit events on standard output, each confirmed. An answer waits for the write that holds its event, so nothing is
// issued that standard output did not take. Events of one turn of the event loop are written together, in order.

import { Buffer } from 'node:buffer'
import { setImmediate } from 'node:timers'
import { within } from '../base/timing.ts'

/** The exit status of a process that stops because its audit events can't be written. */
export const AUDIT_FAILED_STATUS = 3

/** How long an answer waits for its event, in milliseconds. */
const CONFIRM_MS = 5_000

/** How many bytes may wait for a reader that stalls; an event has 300 to 2,000. */
const MAX_WAITING_BYTES = 262_144

/** A batch of this size is written at once: a turn with very many events must not fill the memory above. */
const FULL_BATCH_BYTES = 65_536

/** Writes all bytes to standard output, after those of earlier calls. It rejects if it can't. */
export type WriteBytes = (bytes: Uint8Array) => Promise<void>

/** Where the audit events of a process go. */
export interface AuditWriter {
  /**
   * Writes one event, together with the others of this turn of the event loop.
   * @param line the event, without a line end
   * @returns fulfilled once the write that holds the event has returned
   * @throws Error if standard output failed, takes nothing, or did not confirm within 5 seconds
   */
  readonly write: (line: string) => Promise<void>
  /** Fulfilled once standard output has failed. From then on each event is refused. */
  readonly failed: Promise<void>
}

/** What an audit writer is made of. */
export interface AuditWriterOptions {
  readonly write: WriteBytes
  /** Takes each line for the operator. */
  readonly report: (line: string) => void
  /** How long an event may take, in milliseconds. Default: 5,000. */
  readonly confirmMs?: number
}

/** Events that are written together. */
interface Batch {
  text: string
  /** Of the text in UTF-8. */
  bytes: number
  /** What the answers wait for, all of them for the same. */
  readonly written: Promise<void>
  /** Settles `written`. */
  readonly settle: (outcome: Promise<void>) => void
}

const openBatch = (): Batch => {
  let settle: Batch['settle'] = () => undefined
  const written = new Promise<void>((resolve) => (settle = resolve))
  return { text: '', bytes: 0, written, settle }
}

/** What an error is called: the name that the system gave it, or its own. */
const nameOf = (error: unknown): string => {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown }
  return String(code ?? name)
}

/** Creates a writer. It reports a failure, and when standard output stalls and goes on. */
export const createAuditWriter = ({
  write: writeBytes,
  report,
  confirmMs = CONFIRM_MS,
}: AuditWriterOptions): AuditWriter => {
  let failure: Error | undefined
  let batch: Batch | undefined
  /** Bytes that are in the batch, or written and not confirmed. */
  let waiting = 0
  let stalled = false
  let tell = (): void => undefined
  const failed = new Promise<void>((resolve) => (tell = resolve))

  const fail = (error: unknown): Error => {
    if (failure !== undefined) return failure
    failure = new Error('standard output failed')
    report(
      `standard output failed (${nameOf(error)}): audit events can't be written, so the service stops. ` +
        'Restore its reader or its disk space, then start it again',
    )
    tell()
    return failure
  }

  const stall = (): Error => {
    if (!stalled && failure === undefined) {
      report(
        `standard output has taken no audit event for ${confirmMs / 1000} s: calls are answered 503 until its reader continues`,
      )
    }
    stalled = true
    return new Error('standard output stalls')
  }

  const confirmed = async ({ text, bytes }: Batch): Promise<void> => {
    // An event that follows a lost one would hide the gap.
    if (failure !== undefined) throw failure
    try {
      await writeBytes(Buffer.from(text))
    } catch (error) {
      throw fail(error)
    }
    waiting -= bytes
    if (stalled && failure === undefined) report('standard output takes audit events again')
    stalled = false
    // Written, but only after an earlier event was lost.
    if (failure !== undefined) throw failure
  }

  const flush = (): void => {
    if (batch === undefined) return
    const full = batch
    batch = undefined
    full.settle(
      within(confirmMs / 1000, confirmed(full), () => {
        throw stall()
      }),
    )
  }

  const write = (line: string): Promise<void> => {
    if (failure !== undefined) return Promise.reject(failure)
    const bytes = Buffer.byteLength(line) + 1
    if (waiting + bytes > MAX_WAITING_BYTES) return Promise.reject(stall())
    waiting += bytes
    if (batch === undefined) {
      batch = openBatch()
      setImmediate(flush)
    }
    batch.text += `${line}\n`
    batch.bytes += bytes
    const { written } = batch
    if (batch.bytes >= FULL_BATCH_BYTES) flush()
    return written
  }
  return { write, failed }
}
