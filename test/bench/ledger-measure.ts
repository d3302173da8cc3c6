// Filling ledgers with instances, and what one call then costs on each: blocks of calls, in turns.
// Imports nothing that a runtime of the drivers doesn't have.

import type { Ledger, LedgerPage } from '../../src/ledger/ledger.ts'
import { instanceEntry } from '../cases/ledger/instance-entries.ts'
import { seededRandom } from '../support/random.ts'

/** Entries on a page. */
const LIMIT = 100
const KIND = 'instance'
const NOW = 1_800_000_000

/** What is measured. */
export const OPERATIONS = ['read', 'write', 'page'] as const
type Operation = (typeof OPERATIONS)[number]

/** How much is measured. */
export interface Extent {
  readonly rounds: number
  /** Calls of each sort in one block: few, so that most blocks are undisturbed. */
  readonly block: Readonly<Record<Operation, number>>
}

/** A ledger with the instances from 0 to below `size`. */
export interface FilledLedger {
  readonly ledger: Ledger
  readonly size: number
}

/** Microseconds of one call, for each ledger. */
export type Costs = Readonly<Record<Operation, readonly number[]>>

/** Stores instances, many at once. @param progress gets the number of stored instances, now and then */
export const fillLedger = async (
  { ledger, size }: FilledLedger,
  progress: (done: number) => void,
  atOnce = 500,
): Promise<void> => {
  for (let from = 0; from < size; from += atOnce) {
    const calls = Array.from({ length: Math.min(atOnce, size - from) }, (_, i) =>
      ledger.compareAndSet(instanceEntry(from + i), undefined, NOW),
    )
    const swaps = await Promise.all(calls)
    if (!swaps.every(({ stored }) => stored)) throw new Error('an instance that is there already')
    progress(from + swaps.length)
  }
}

/** The lowest tenth: what disturbs a block only ever makes it longer. */
const undisturbed = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 10)] as number

/** Larger than the processor's caches, in lines of 64 bytes. */
const LINES = 2 ** 20
const LINE = 8

/**
 * Fills the processor's caches with something else. A thousand instances fit into them and a million
 * don't: that is a difference between benchmark and service, not one between few and many.
 */
const createCacheCleaner = (): (() => void) => {
  const memory = new Float64Array(LINES * LINE)
  return () => {
    for (let line = 0; line < LINES; line++) memory[line * LINE] = (memory[line * LINE] ?? 0) + 1
  }
}

/** Makes blocks of calls on instances that are there; making one is not part of what it costs. */
const blocksOn = ({ ledger, size }: FilledLedger) => {
  const random = seededRandom(size)
  let cursor: string | undefined
  const listNext = async (): Promise<void> => {
    const page: LedgerPage = await ledger.list(KIND, { cursor, limit: LIMIT }, NOW)
    cursor = page.cursor
  }
  return (operation: Operation, length: number): (() => Promise<void>)[] =>
    Array.from({ length }, () => {
      if (operation === 'page') return listNext
      const entry = instanceEntry(random(size))
      const { key, value } = entry
      if (operation === 'read') {
        return async () => {
          if ((await ledger.read(key, NOW)) !== value) throw new Error('another value')
        }
      }
      return async () => {
        const { stored } = await ledger.compareAndSet(entry, value, NOW)
        if (!stored) throw new Error('another value')
      }
    })
}

interface MeasureOptions extends Extent {
  readonly together?: boolean
  readonly cold?: boolean
}

/**
 * Measures calls on some ledgers.
 * @param cold whether each block begins with empty caches: for a ledger in this process
 * @param together whether the calls of a block start at once: for a ledger behind a network, where one
 *   call alone would measure the way
 */
export const measureLedgers = async (
  ledgers: readonly FilledLedger[],
  { rounds, block, together = false, cold = false }: MeasureOptions,
): Promise<Costs> => {
  const makers = ledgers.map(blocksOn)
  const cleanCaches = cold ? createCacheCleaner() : () => {}
  const measure = async (operation: Operation): Promise<number[]> => {
    const samples: number[][] = ledgers.map(() => [])
    const length = block[operation]
    // Pages follow one another.
    const atOnce = together && operation !== 'page'
    for (let round = 0; round < rounds; round++) {
      for (const [i, make] of makers.entries()) {
        const calls = make(operation, length)
        cleanCaches()
        const began = performance.now()
        if (atOnce) await Promise.all(calls.map((call) => call()))
        else for (const call of calls) await call()
        samples[i]?.push(((performance.now() - began) * 1000) / length)
      }
    }
    // The first third warms up.
    return samples.map((values) => undisturbed(values.slice(Math.floor(rounds / 3))))
  }
  return {
    read: await measure('read'),
    write: await measure('write'),
    page: await measure('page'),
  }
}
