import { expect, it } from 'vitest'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { isForgotten } from '../../../src/ledger/forgotten.ts'

it.each([
  ['before the ledger began', 999, true],
  ['in the second in which it began', 1000, false],
  ['after it began', 1001, false],
])('isForgotten() of what was made %s', (_, at, forgotten) => {
  expect(isForgotten(createMemoryLedger(1000), at)).toBe(forgotten)
})

it('isForgotten() is never true of a ledger that has always been there', () => {
  const { remembersSince: _, ...ledger } = createMemoryLedger(1000)
  expect(isForgotten(ledger, 0)).toBe(false)
})
