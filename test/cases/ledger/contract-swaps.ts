// The contract, first part: every outcome of compareAndSet(), and what read() gives after it.

import { expect, it } from 'vitest'
import type { OpenStore } from './contract.ts'
import { NOW, forEachNumber, newKey } from './keys.ts'

/** What keys and values may have in them. */
const ODD_TEXTS = [
  `quotes ' " \``,
  'back\\slash \\0 \\u0000',
  'NUL \u0000 in \u0000\u0000 it\u0000',
  'control \u0001 \u0001\u0001 \u0001\u0002 \u001f \u007f',
  'line\nline\r\nline\ttab',
  'line separators \u2028 \u2029',
  'emoji 👩‍🚀, name 名, last 𐏿 \u{10ffff}',
  'é', // one character
  'e\u0301', // the same in two
  '\ufeffbyte order mark',
  '%_*?[a-z]{1}',
  "'; DROP TABLE ledger; --",
  ' space at both ends ',
  'a:b:c',
  '{tag}',
  'null',
  'Case',
  'case',
  'trailing',
  'trailing\u0000',
  'trailing ',
]

export const describeSwaps = (open: OpenStore): void => {
  it.for([
    ['that expires', NOW + 10],
    ['that never expires', undefined],
  ] as const)(
    'compareAndSet() stores an entry %s, and read() gives it',
    async ([, expiresAt], context) => {
      const { ledger } = await open(context)
      const key = newKey()
      expect(await ledger.read(key, NOW)).toBeUndefined()
      const swap = await ledger.compareAndSet({ key, value: 'a', expiresAt }, undefined, NOW)
      expect(swap).toEqual({ stored: true })
      expect(await ledger.read(key, NOW)).toBe('a')
    },
  )

  it.for([
    ['that expires', NOW + 10],
    ['that never expires', undefined],
  ] as const)(
    'compareAndSet() tells what is there to all that expect another value of an entry %s',
    async ([, expiresAt], context) => {
      const { ledger } = await open(context)
      const key = newKey()
      await ledger.compareAndSet({ key, value: 'a', expiresAt }, undefined, NOW)
      const there = { stored: false, value: 'a' }
      const other = { key, value: 'b', expiresAt: NOW + 99 }
      expect(await ledger.compareAndSet(other, undefined, NOW)).toEqual(there)
      for (const expected of ['b', '', 'A', 'a ', 'a\u0000', '"a"']) {
        expect(await ledger.compareAndSet(other, expected, NOW)).toEqual(there)
      }
      expect(await ledger.read(key, NOW)).toBe('a')
    },
  )

  it('compareAndSet() replaces the value that its caller expects, time after time', async (context) => {
    const { ledger } = await open(context)
    const key = newKey()
    await ledger.compareAndSet({ key, value: '0' }, undefined, NOW)
    for (let i = 1; i < 20; i++) {
      const expiresAt = i % 2 === 0 ? undefined : NOW + 1000
      const swap = await ledger.compareAndSet({ key, value: `${i}`, expiresAt }, `${i - 1}`, NOW)
      expect(swap).toEqual({ stored: true })
    }
    expect(await ledger.read(key, NOW)).toBe('19')
  })

  it('compareAndSet() stores the same value once more, with another expiry', async (context) => {
    const { ledger } = await open(context)
    const key = newKey()
    await ledger.compareAndSet({ key, value: 'a', expiresAt: NOW + 10 }, undefined, NOW)
    await ledger.compareAndSet({ key, value: 'a', expiresAt: NOW + 20 }, 'a', NOW)
    expect(await ledger.read(key, NOW + 19)).toBe('a')
    await ledger.compareAndSet({ key, value: 'a' }, 'a', NOW)
    expect(await ledger.read(key, NOW + 1e9)).toBe('a')
    await ledger.compareAndSet({ key, value: 'a', expiresAt: NOW + 30 }, 'a', NOW)
    expect(await ledger.read(key, NOW + 30)).toBeUndefined()
  })

  it('compareAndSet() stores nothing where a value is expected and none is there', async (context) => {
    const { ledger } = await open(context)
    const key = newKey()
    const none = { stored: false, value: undefined }
    for (const expected of ['a', '']) {
      expect(await ledger.compareAndSet({ key, value: 'b' }, expected, NOW)).toEqual(none)
    }
    expect(await ledger.read(key, NOW)).toBeUndefined()
  })

  it('compareAndSet() tells an empty value from none', async (context) => {
    const { ledger } = await open(context)
    const key = newKey()
    await ledger.compareAndSet({ key, value: '' }, undefined, NOW)
    expect(await ledger.read(key, NOW)).toBe('')
    const swap = await ledger.compareAndSet({ key, value: 'b' }, undefined, NOW)
    expect(swap).toEqual({ stored: false, value: '' })
    expect(await ledger.compareAndSet({ key, value: 'b' }, '', NOW)).toEqual({ stored: true })
  })

  it('compareAndSet() and read() count an entry as absent from the second on at which it expires', async (context) => {
    const { ledger } = await open(context)
    const key = newKey()
    await ledger.compareAndSet({ key, value: 'a', expiresAt: NOW + 10 }, undefined, NOW)
    const later = { key, value: 'b', expiresAt: NOW + 20 }
    expect(await ledger.read(key, NOW + 9)).toBe('a')
    const before = await ledger.compareAndSet(later, undefined, NOW + 9)
    expect(before).toEqual({ stored: false, value: 'a' })
    expect(await ledger.read(key, NOW + 10)).toBeUndefined()
    const expecting = await ledger.compareAndSet(later, 'a', NOW + 10)
    expect(expecting).toEqual({ stored: false, value: undefined })
    expect(await ledger.compareAndSet(later, undefined, NOW + 10)).toEqual({ stored: true })
    expect(await ledger.read(key, NOW + 19)).toBe('b')
  })

  it('compareAndSet() removes by an entry that expires now', async (context) => {
    const { ledger } = await open(context)
    const key = newKey()
    await ledger.compareAndSet({ key, value: 'a' }, undefined, NOW)
    const removal = { key, value: '', expiresAt: NOW }
    const other = await ledger.compareAndSet(removal, 'b', NOW)
    expect(other).toEqual({ stored: false, value: 'a' })
    expect(await ledger.compareAndSet(removal, 'a', NOW)).toEqual({ stored: true })
    expect(await ledger.read(key, NOW)).toBeUndefined()
    expect(await ledger.compareAndSet({ key, value: 'c' }, undefined, NOW)).toEqual({
      stored: true,
    })
    expect(await ledger.read(key, NOW + 1e9)).toBe('c')
  })

  it('read() gives an entry while the clock goes backwards', async (context) => {
    const { ledger } = await open(context)
    const key = newKey()
    await ledger.compareAndSet({ key, value: 'a', expiresAt: NOW + 10 }, undefined, NOW)
    expect(await ledger.read(key, NOW - 100_000)).toBe('a')
    const swap = await ledger.compareAndSet({ key, value: 'b' }, undefined, NOW - 100_000)
    expect(swap).toEqual({ stored: false, value: 'a' })
  })

  it('read() gives an entry again once the clock went forwards and back', async (context) => {
    const { ledger } = await open(context)
    const key = newKey()
    await ledger.compareAndSet({ key, value: 'a', expiresAt: NOW + 10 }, undefined, NOW)
    // Enough calls for every driver that cleans by the way.
    const future = NOW + 30 * 86_400
    await forEachNumber(200, () =>
      ledger.compareAndSet(
        { key: newKey(), value: 'x', expiresAt: future + 10 },
        undefined,
        future,
      ),
    )
    expect(await ledger.read(key, future)).toBeUndefined()
    expect(await ledger.read(key, NOW)).toBe('a')
    const swap = await ledger.compareAndSet({ key, value: 'b' }, undefined, NOW)
    expect(swap).toEqual({ stored: false, value: 'a' })
  })

  it('read() gives what still protects while others expire', async (context) => {
    const { ledger } = await open(context)
    const [kept, forever] = [newKey(), newKey()]
    await ledger.compareAndSet({ key: kept, value: 'a', expiresAt: NOW + 1000 }, undefined, NOW)
    await ledger.compareAndSet({ key: forever, value: 'b' }, undefined, NOW)
    await forEachNumber(200, (i) =>
      ledger.compareAndSet({ key: newKey(), value: 'x', expiresAt: NOW + i }, undefined, NOW + i),
    )
    expect(await ledger.read(kept, NOW + 999)).toBe('a')
    expect(await ledger.read(forever, NOW + 999)).toBe('b')
  })

  it('compareAndSet() and read() keep odd characters, and tell apart what looks alike', async (context) => {
    const { ledger } = await open(context)
    const kind = 'odd'
    const keys = ODD_TEXTS.map((text) => `${kind}:${text}`)
    const forEachKey = (call: (key: string, i: number) => Promise<void>): Promise<void> =>
      forEachNumber(keys.length, (i) => call(keys[i] as string, i))
    await forEachKey(async (key, i) => {
      expect(await ledger.read(key, NOW)).toBeUndefined()
      const value = `${i} ${ODD_TEXTS[i]}`
      const swap = await ledger.compareAndSet({ key, value }, undefined, NOW)
      expect(swap).toEqual({ stored: true })
    })
    await forEachKey(async (key, i) => {
      const value = `${i} ${ODD_TEXTS[i]}`
      expect(await ledger.read(key, NOW)).toBe(value)
      const other = await ledger.compareAndSet({ key, value: 'b' }, `${value}\u0000`, NOW)
      expect(other).toEqual({ stored: false, value })
      const next = { key, value: ODD_TEXTS[i] as string }
      expect(await ledger.compareAndSet(next, value, NOW)).toEqual({ stored: true })
      expect(await ledger.read(key, NOW)).toBe(ODD_TEXTS[i])
    })
  })

  it('compareAndSet() and read() take keys of 512 bytes and values of 4,096', async (context) => {
    const { ledger } = await open(context)
    const bytes = (text: string, length: number): string =>
      text.repeat(length).slice(0, length / Buffer.byteLength(text))
    for (const character of ['x', '名', '\u0000']) {
      // 3 bytes, of which 510 and 4,095 are the most.
      const key = `long:${'y'.repeat(4)}${bytes(character, 501)}`
      const value = bytes(character, 4_095)
      expect(await ledger.compareAndSet({ key, value }, undefined, NOW)).toEqual({ stored: true })
      expect(await ledger.read(key, NOW)).toBe(value)
      const similar = `${key.slice(0, -1)}z`
      expect(await ledger.read(similar, NOW)).toBeUndefined()
      expect(await ledger.compareAndSet({ key, value: 'b' }, value, NOW)).toEqual({ stored: true })
    }
  })
}
