// The ledger in Deno KV.

import { describe, expect, it } from 'vitest'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import { createDenoKvLedger } from '../../../src/ledger/deno-kv.ts'
import { describeLedger } from '../../cases/ledger/contract.ts'
import { denoHost, openFileStore } from './hosted-store.ts'
import { expectOneWinnerAmong, expectRefusedWhileLocked } from '../../cases/ledger/shared-file.ts'

describeLedger('Deno KV', () => openFileStore(denoHost('deno-kv')))

describe('createDenoKvLedger()', () => {
  it('has one winner of callers in two processes on one file', async () => {
    const first = await openFileStore(denoHost('deno-kv'))
    const second = await openFileStore(denoHost('deno-kv'), first.folder)
    try {
      await expectOneWinnerAmong(first, second)
    } finally {
      await second.close()
      await first.close()
    }
  })

  it('refuses within seconds while another process holds the lock of the file', async () => {
    const store = await openFileStore(denoHost('deno-kv'))
    try {
      await expectRefusedWhileLocked(store)
    } finally {
      await store.close()
    }
  })

  it('says which flag is needed where Deno KV is missing', async () => {
    const reading = createDenoKvLedger().read('a:b', 1)
    await expect(reading).rejects.toThrow(LedgerUnavailableError)
    await expect(reading).rejects.toThrow('--unstable-kv')
  })
})
