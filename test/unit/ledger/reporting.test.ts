// What the service reports when the ledger fails, and how often.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import { describeCause } from '../../../src/ledger/cause.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { reportFailures } from '../../../src/ledger/reporting.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A ledger whose reads fail with what is set, and the reported lines. */
const failing = () => {
  const lines: string[] = []
  const state = { error: new Error('not set') }
  const store: Ledger = {
    ...createMemoryLedger(0),
    read: async () => {
      throw state.error
    },
  }
  const ledger = reportFailures(store, (line) => void lines.push(line))
  const fail = async (message: string, cause?: unknown): Promise<void> => {
    state.error = new LedgerUnavailableError(message, { cause })
    await expect(ledger.read('a:b', 1)).rejects.toBe(state.error)
  }
  return { lines, fail }
}

describe('reportFailures()', () => {
  it('tells the cause once in ten seconds, and another cause at once', async () => {
    const { lines, fail } = failing()
    for (let i = 0; i < 3; i++) await fail('the store did not answer', new Error('overloaded'))
    await fail('the store did not answer', new Error('storage is full'))
    await fail('the store is a replica')
    expect(lines).toEqual([
      'the store did not answer: overloaded',
      'the store did not answer: storage is full',
      'the store is a replica',
    ])
    vi.advanceTimersByTime(9_999)
    await fail('the store is a replica')
    expect(lines).toHaveLength(3)
    vi.advanceTimersByTime(1)
    await fail('the store is a replica')
    expect(lines).toHaveLength(4)
  })

  it('tells at most 17 lines in ten seconds, however many causes there are', async () => {
    const { lines, fail } = failing()
    for (let i = 0; i < 1000; i++) await fail(`cause ${i}`)
    expect(lines).toHaveLength(17)
    vi.advanceTimersByTime(10_000)
    await fail('cause 999')
    expect(lines).toHaveLength(18)
  })

  it('passes on remembersSince as the ledger has it at that moment', () => {
    let since: number | undefined = 5
    const store: Ledger = {
      ...createMemoryLedger(0),
      get remembersSince() {
        return since
      },
    }
    const ledger = reportFailures(store, () => {})
    expect(ledger.remembersSince).toBe(5)
    since = 9
    expect(ledger.remembersSince).toBe(9)
    since = undefined
    expect(ledger.remembersSince).toBeUndefined()
  })
})

describe('describeCause()', () => {
  const token = `${'e'.repeat(30)}.${'p'.repeat(30)}.${'s'.repeat(30)}`

  it.each([
    ['nothing', undefined, ''],
    ['a text', 'secret', ''],
    ['an error', new Error('Network connection lost.'), 'Network connection lost.'],
    [
      'flags',
      Object.assign(new Error('x'), { overloaded: true, remote: true }),
      'x (overloaded, remote)',
    ],
    ['a flag alone', { retryable: true }, '(retryable)'],
    ['flags that are not set', Object.assign(new Error('x'), { remote: false }), 'x'],
    ['control characters', new Error('a\nb\u001b[2Jc\u009bd'), 'a\\u000ab\\u001b[2Jc\\u009bd'],
    ['a length', new Error('ab '.repeat(200)), 'ab '.repeat(67).slice(0, 200)],
    ['a key of the ledger', new Error('at ban:account/1234567890 now'), 'at [key] now'],
    [
      'what JSON could not read',
      new Error(`Unexpected token 'x', "{"key":"v"}" is not valid JSON`),
      'Unexpected token [text] is not valid JSON',
    ],
    ['a value in braces', new Error('of {"issued":1} here'), 'of [text] here'],
    ['a token', new Error(`Bearer ${token} refused`), 'Bearer [text] refused'],
    ['a password in a URL', new Error('to https://me:pw@kv.test/x'), 'to https://kv.test/x'],
  ])('shows of %s only what is safe', (_, cause, expected) => {
    expect(describeCause(cause)).toBe(expected)
  })
})
