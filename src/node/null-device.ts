// Finds out whether standard output is the null device, where audit events are lost. A runtime opens it in
// place of a standard output that was closed.

import { fstatSync, readSync } from 'node:fs'

const STANDARD_OUTPUT = 1

/** The number of `/dev/null` on Linux: major 1, minor 3. */
const NULL_DEVICE = 0x103

/** Whether standard output is `/dev/null`. Other platforms than Linux number it otherwise: false. */
export const isNullDevice = (): boolean => {
  try {
    const { rdev } = fstatSync(STANDARD_OUTPUT)
    return rdev === NULL_DEVICE
  } catch {
    return false
  }
}

/**
 * Whether standard output can be read. `> /dev/null` can't; the null device that Node opens in place of
 * a closed standard output can.
 */
export const isReadable = (): boolean => {
  try {
    readSync(STANDARD_OUTPUT, new Uint8Array(1))
    return true
  } catch {
    return false
  }
}

/** What to tell the operator whose standard output is the null device. */
export const NULL_DEVICE_WARNING =
  'warning: standard output is closed or /dev/null, so audit events are lost; give it a file or a reader'
