// What a Node process does before it opens a service: it takes hold of standard output for the audit
// events, and survives a standard error that breaks and a SIGHUP.

import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import process from 'node:process'
import {
  AUDIT_FAILED_STATUS,
  type AuditWriter,
  type WriteBytes,
  createAuditWriter,
} from './audit-writer.ts'
import { NULL_DEVICE_WARNING, isNullDevice, isReadable } from './null-device.ts'
import { inWholeLines } from './write-all.ts'

const { stdout, stderr } = process

/** Pipes, sockets and terminals: Node keeps what the reader has not taken, and calls back for each. */
const writeToStream: WriteBytes = (bytes) =>
  new Promise((resolve, reject) => {
    stdout.write(bytes, (error) => (error ? reject(error) : resolve()))
  })

/** Files and devices: Node's own stream takes a part that was written for the whole. */
const writeToFile: WriteBytes = inWholeLines((bytes) => writeSync(stdout.fd, bytes))

/** A standard output that was closed is no choice of the operator; `> /dev/null` is one. */
const checkNullDevice = (report: (line: string) => void): void => {
  if (!isNullDevice()) return
  if (!isReadable()) return report(NULL_DEVICE_WARNING)
  report(
    'standard output is closed, so audit events would be lost; give it a file or a reader. ' +
      'To discard them, use > /dev/null',
  )
  process.exit(AUDIT_FAILED_STATUS)
}

/**
 * Prepares the process; call it first. If standard output is closed it ends the process with status 3.
 * @param report takes each line for the operator
 * @returns the writer of audit events
 */
export const prepareProcess = (report: (line: string) => void): AuditWriter => {
  // Nobody is left to tell. Without a listener Node would end the process.
  stderr.on('error', () => undefined)
  // The callback of the write tells of it.
  stdout.on('error', () => undefined)
  process.on('SIGHUP', () =>
    report('SIGHUP is ignored; restart the service to change its configuration'),
  )
  checkNullDevice(report)
  const write = stdout instanceof Socket ? writeToStream : writeToFile
  return createAuditWriter({ write, report })
}
