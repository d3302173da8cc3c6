// A page of a list: what the ledger gives, and the refusal of a cursor that it did not.

import { describe, expect, it } from 'vitest'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import { accept, refuse } from '../../../src/base/result.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { listEntries } from '../../../src/registry/page.ts'

const NOW = 1_800_000_000

/** A ledger whose list fails. */
const failing = (error: Error): Ledger => ({
  ...createMemoryLedger(0),
  list: async () => {
    throw error
  },
})

describe('listEntries()', () => {
  it('gives each entry once, page by page', async () => {
    const ledger = createMemoryLedger(0)
    const keys = ['ban:image/a', 'ban:image/b', 'ban:image/c']
    for (const key of keys) await ledger.compareAndSet({ key, value: '1 x' }, undefined, NOW)
    const found: string[] = []
    let cursor: string | undefined
    do {
      const page = await listEntries(ledger, 'ban', { limit: 2, cursor }, NOW)
      if (!page.ok) throw new Error(page.refusal)
      found.push(...page.value.entries.map(({ key }) => key))
      cursor = page.value.cursor
    } while (cursor !== undefined)
    expect(found.toSorted()).toEqual(keys)
  })

  it('gives an empty page where nothing is', async () => {
    const page = await listEntries(createMemoryLedger(0), 'ban', { limit: 2 }, NOW)
    expect(page).toEqual(accept({ entries: [] }))
  })

  it('refuses a cursor that the list did not give', async () => {
    const page = await listEntries(createMemoryLedger(0), 'ban', { limit: 2, cursor: 'odd!' }, NOW)
    expect(page).toEqual(refuse('cursor_unknown'))
  })

  it.each([new LedgerUnavailableError('away'), new TypeError('a mistake')])(
    'throws an error that is not a refusal: %s',
    async (error) => {
      await expect(listEntries(failing(error), 'ban', { limit: 2 }, NOW)).rejects.toBe(error)
    },
  )
})
