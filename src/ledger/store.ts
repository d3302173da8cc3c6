// A ledger with what opening and closing it takes.

import type { Ledger } from './ledger.ts'

/** A ledger that can be closed. */
export interface OpenLedger extends Ledger {
  /** Closes what the driver has opened. Absent: there is nothing to close. */
  close?(): void | Promise<void>
}

/** A store as a driver opens it. */
export type OpenStore = OpenLedger & {
  /**
   * How many connections the driver has opened so far, a getter. It grows before the first answer that came
   * over a new connection is returned. Absent: the driver has no connections that can be replaced.
   */
  readonly connections?: number
}
