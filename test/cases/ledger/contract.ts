// What every ledger promises: one suite, run on each driver against the real thing. Its parts stand
// beside this file.

import { afterAll, describe, type TestContext } from 'vitest'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { describeEnrollment } from './contract-enrollment.ts'
import { describeFailures } from './contract-failures.ts'
import { describeLists, describeManyEntriesOf } from './contract-list.ts'
import { describeRaces } from './contract-races.ts'
import { describeSwaps } from './contract-swaps.ts'

/** A driver and the store behind it. */
export interface LedgerStore {
  /** Works on after {@link restart}. */
  readonly ledger: Ledger
  /**
   * Ends the driver's process hard (and the store, where that is a process of its own), and starts it
   * anew on the same state. Absent where the state ends with the process.
   */
  readonly restart?: () => Promise<void>
  /** From now on the store can't answer. Absent where nothing can break. */
  readonly breakStore?: () => Promise<void>
  /** The store answers again. */
  readonly mendStore?: () => Promise<void>
  close(): Promise<void>
}

/** More than any page has, and than any driver reads at once. */
const SEVERAL = 300
const MANY = 10_000

/** Opens the store of a suite, or skips the test of the context with a reason. */
export type OpenStore = (context: TestContext) => Promise<LedgerStore>

/**
 * Declares the suite for one driver. The store is opened by the first test, and serves all of them.
 * @param capabilities which of the optional parts of a store this one has
 */
export const describeLedger = (
  name: string,
  open: OpenStore,
  { survives = true }: { readonly survives?: boolean } = {},
): void => {
  describe(`the ledger in ${name}`, () => {
    let store: LedgerStore | undefined
    const opened: OpenStore = async (context) => (store ??= await open(context))
    afterAll(() => store?.close())

    describeSwaps(opened)
    describeRaces(opened)
    describeLists(opened)
    describeManyEntriesOf(opened, SEVERAL)
    if (survives) {
      describeFailures(opened)
      describeEnrollment(opened)
    }
  })
}

/** Declares the part of the suite that takes long: 10,000 entries. */
export const describeManyEntries = (name: string, open: OpenStore): void => {
  describe(`the ledger in ${name}`, () => {
    let store: LedgerStore | undefined
    afterAll(() => store?.close())
    describeManyEntriesOf(async (context) => (store ??= await open(context)), MANY)
  })
}
