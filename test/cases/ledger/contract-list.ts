// The contract, third part: lists, and many entries.

import { expect, it } from 'vitest'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import type { OpenStore } from './contract.ts'
import { NOW, forEachNumber, newKey, newKind } from './keys.ts'

/** More pages than any list here may have. */
const PAGES = 5_000

/** All entries of a kind as the pages have them, and what happened between pages. */
const listAll = async (
  ledger: Ledger,
  kind: string,
  { limit = 7, now = NOW, between = async () => {} }: ListOptions = {},
): Promise<{ key: string; value: string }[]> => {
  const entries: { key: string; value: string }[] = []
  let cursor: string | undefined
  for (let page = 0; page < PAGES; page++) {
    const answer = await ledger.list(kind, { cursor, limit }, now)
    entries.push(...answer.entries)
    cursor = answer.cursor
    if (cursor === undefined) return entries
    await between(page)
  }
  throw new Error('the list has no end')
}

interface ListOptions {
  readonly limit?: number
  readonly now?: number
  readonly between?: (page: number) => Promise<void>
}

const keysOf = (entries: readonly { readonly key: string }[]): Set<string> =>
  new Set(entries.map(({ key }) => key))

/** Stores some entries of a kind. @returns their keys */
const fill = async (
  ledger: Ledger,
  kind: string,
  count: number,
  expiresAt?: number,
): Promise<string[]> => {
  const keys = Array.from({ length: count }, () => newKey(kind))
  await forEachNumber(count, (i) => {
    const key = keys[i] as string
    return ledger.compareAndSet({ key, value: `of ${key}`, expiresAt }, undefined, NOW)
  })
  return keys
}

export const describeLists = (open: OpenStore): void => {
  it('list() gives nothing of a kind that has no entries', async (context) => {
    const { ledger } = await open(context)
    expect(await listAll(ledger, newKind())).toEqual([])
  })

  it.for([1, 2, 7, 50, 1000])(
    'list() gives each entry with its value, in pages of %i, and none of another kind',
    async (limit, context) => {
      const { ledger } = await open(context)
      const kind = newKind()
      const keys = await fill(ledger, kind, 60)
      // Kinds whose names are alike.
      await fill(ledger, `${kind}x`, 5)
      await fill(ledger, kind.slice(0, -1), 5)
      const entries = await listAll(ledger, kind, { limit })
      expect(keysOf(entries)).toEqual(new Set(keys))
      for (const { key, value } of entries) expect(value).toBe(`of ${key}`)
    },
  )

  it('list() gives the instances, which some stores keep apart', async (context) => {
    const { ledger } = await open(context)
    const keys = await fill(ledger, 'instance', 60)
    const entries = await listAll(ledger, 'instance')
    expect(keysOf(entries)).toEqual(new Set([...keysOf(entries), ...keys]))
    expect(entries.every(({ key }) => key.startsWith('instance:'))).toBe(true)
  })

  it('list() gives no page that is much longer than asked for', async (context) => {
    const { ledger } = await open(context)
    const kind = newKind()
    await fill(ledger, kind, 300)
    const { entries } = await ledger.list(kind, { limit: 10 }, NOW)
    expect(entries.length).toBeLessThanOrEqual(50)
  })

  it('list() leaves out what has expired, to the second, and what was removed', async (context) => {
    const { ledger } = await open(context)
    const kind = newKind()
    const forever = await fill(ledger, kind, 5)
    const first = await fill(ledger, kind, 25, NOW + 10)
    const second = await fill(ledger, kind, 5, NOW + 11)
    const removed = await fill(ledger, kind, 5)
    for (const key of removed) {
      await ledger.compareAndSet({ key, value: '', expiresAt: NOW }, `of ${key}`, NOW)
    }
    const keysAt = async (now: number): Promise<Set<string>> =>
      keysOf(await listAll(ledger, kind, { limit: 4, now }))
    expect(await keysAt(NOW + 9)).toEqual(new Set([...forever, ...first, ...second]))
    expect(await keysAt(NOW + 10)).toEqual(new Set([...forever, ...second]))
    expect(await keysAt(NOW + 11)).toEqual(new Set(forever))
  })

  it('list() gives what is there all along while others are stored, changed and removed', async (context) => {
    const { ledger } = await open(context)
    const kind = newKind()
    const keys = await fill(ledger, kind, 60)
    const leaving = await fill(ledger, kind, 30)
    const entries = await listAll(ledger, kind, {
      between: async (page) => {
        await fill(ledger, kind, page < 40 ? 3 : 0)
        const key = leaving[page]
        const changed = keys[page % keys.length] as string
        await ledger.compareAndSet({ key: changed, value: 'changed' }, `of ${changed}`, NOW)
        if (key === undefined) return
        await ledger.compareAndSet({ key, value: '', expiresAt: NOW }, `of ${key}`, NOW)
      },
    })
    const found = keysOf(entries)
    expect(keys.filter((key) => !found.has(key))).toEqual([])
  })

  it('list() gives keys with odd characters, also where a page ends', async (context) => {
    const { ledger } = await open(context)
    const kind = newKind()
    const names = [
      '\u0000',
      '\u0001',
      'a',
      'a\u0000',
      'a\u0000b',
      'a\u0001',
      '%',
      '"\'',
      '\n',
      '名',
    ]
    const keys = [...names, '👩‍🚀', '\u{10ffff}', '~', 'x'.repeat(480)].map((it) => `${kind}:${it}`)
    for (const key of keys) await ledger.compareAndSet({ key, value: key }, undefined, NOW)
    for (const limit of [1, 3]) {
      const entries = await listAll(ledger, kind, { limit })
      expect(keysOf(entries)).toEqual(new Set(keys))
      for (const { key, value } of entries) expect(value).toBe(key)
    }
  })

  it.for([
    '',
    ' ',
    'no cursor!',
    '-1',
    '1e3',
    '0x1',
    '\u0000',
    '💥',
    "' OR 1=1 --",
    'A'.repeat(9999),
  ])('list() throws RangeError for a malformed cursor: %j', async (cursor, context) => {
    const { ledger } = await open(context)
    const page = ledger.list(newKind(), { cursor, limit: 5 }, NOW)
    await expect(page).rejects.toThrow(RangeError)
  })
}

/** Declares the test of many entries. */
export const describeManyEntriesOf = (open: OpenStore, count: number): void => {
  it(`read() and list() find each of ${count} entries`, { timeout: 240_000 }, async (context) => {
    const { ledger } = await open(context)
    const kind = newKind()
    const keyOf = (number: number): string => `${kind}:1234567890123456/cn-hangzhou/i-${number}`
    await forEachNumber(count, async (i) => {
      const expiresAt = i % 2 === 0 ? undefined : NOW + 100
      const swap = await ledger.compareAndSet(
        { key: keyOf(i), value: `${i}`, expiresAt },
        undefined,
        NOW,
      )
      expect(swap).toEqual({ stored: true })
    })
    // By its key one of ten, in the list all.
    await forEachNumber(count / 10, async (i) => {
      expect(await ledger.read(keyOf(10 * i + (i % 10)), NOW)).toBe(`${10 * i + (i % 10)}`)
    })
    const entries = await listAll(ledger, kind, { limit: count / 20 })
    expect(keysOf(entries).size).toBe(count)
    for (const { key, value } of entries) expect(key).toBe(keyOf(Number(value)))
  })
}
