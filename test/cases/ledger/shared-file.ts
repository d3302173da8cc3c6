// What all drivers over a SQLite file promise where another process has the same file open.

import { expect } from 'vitest'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { expectOneWinner, race } from './contract-races.ts'
import { holdLocks } from '../../system/ledger/hold-locks.ts'
import type { FileStore } from '../../system/ledger/hosted-store.ts'
import { NOW, newKey } from './keys.ts'

const ROUNDS = 20
const FEW_SECONDS = 8
const CALLS = 20

/** Of racers in two processes one wins, in each of many rounds. */
export const expectOneWinnerAmong = async (first: FileStore, second: FileStore): Promise<void> => {
  const both = [first.ledger, second.ledger]
  const rounds = [0, 0]
  let turn = 0
  const alternating: Ledger = {
    ...first.ledger,
    compareAndSet: (...call) => (both[turn++ % 2] as Ledger).compareAndSet(...call),
  }
  for (let round = 0; round < ROUNDS; round++) {
    const key = newKey()
    const swaps = await race(alternating, { key }, undefined, NOW)
    const winner = expectOneWinner(swaps)
    expect(await first.ledger.read(key, NOW)).toBe(winner)
    expect(await second.ledger.read(key, NOW)).toBe(winner)
    const process = swaps.findIndex(({ stored }) => stored) % 2
    rounds[process] = (rounds[process] as number) + 1
  }
  console.log(`rounds won by the two processes: ${rounds.join(' and ')}`)
}

/** Holds the lock of a file while something is done. */
const whileLocked = async (path: string, use: () => Promise<void>): Promise<void> => {
  const lock = await holdLocks([path])
  try {
    await use()
  } finally {
    await lock.stop()
  }
}

/** Many calls at once are refused within seconds while the lock is held, and answered afterwards. */
export const expectRefusedWhileLocked = async ({ ledger, path }: FileStore): Promise<void> => {
  const key = newKey()
  await ledger.compareAndSet({ key, value: 'a' }, undefined, NOW)
  await whileLocked(path, async () => {
    const began = performance.now()
    const calls = Array.from({ length: CALLS }, () =>
      ledger.compareAndSet({ key, value: 'b' }, 'a', NOW),
    )
    for (const call of calls) await expect(call).rejects.toThrow(LedgerUnavailableError)
    expect((performance.now() - began) / 1000).toBeLessThan(FEW_SECONDS)
  })
  const found = await ledger.read(key, NOW)
  expect(['a', 'b']).toContain(found)
  const swap = await ledger.compareAndSet({ key, value: 'c' }, found, NOW)
  expect(swap).toEqual({ stored: true })
}
