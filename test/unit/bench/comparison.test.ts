import { describe, expect, test } from 'vitest'
import { measureComparison } from '../../bench/comparison.ts'

/** A comparison with these results, one for each round. */
const comparisonOf = (ratios: readonly number[]) => {
  let measured = 0
  let closed = 0
  return {
    open: async () => ({
      round: async () => ({ node_bare_ratio: ratios[measured++] as number }),
      close: async () => void closed++,
    }),
    measured: () => measured,
    closed: () => closed,
  }
}

describe('measureComparison()', () => {
  test('gives the median of its rounds', async () => {
    const comparison = comparisonOf([9, 1, 1.1, 1.2, 0.1])
    expect(await measureComparison(comparison, 5)).toEqual({ node_bare_ratio: 1.1 })
    expect(comparison.measured()).toBe(5)
  })

  test('measures as many rounds once more near the limit, and counts all', async () => {
    const comparison = comparisonOf([1.6, 1.6, 1.6, 1.2, 1.2, 1.2, 1.2])
    expect(await measureComparison(comparison, 3)).toEqual({ node_bare_ratio: 1.4 })
    expect(comparison.measured()).toBe(6)
  })

  test('measures once more only', async () => {
    const comparison = comparisonOf(Array.from({ length: 9 }, () => 1.6))
    await measureComparison(comparison, 3)
    expect(comparison.measured()).toBe(6)
  })

  test('ends what it started, also if a round fails', async () => {
    const comparison = comparisonOf([1])
    await measureComparison(comparison, 1)
    expect(comparison.closed()).toBe(1)
    let closed = false
    const failing = {
      open: async () => ({
        round: async () => {
          throw new Error('a server that answers wrongly')
        },
        close: async () => void (closed = true),
      }),
    }
    await expect(measureComparison(failing, 1)).rejects.toThrow('answers wrongly')
    expect(closed).toBe(true)
  })
})
