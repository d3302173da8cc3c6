import { describe, expect, it } from 'vitest'
import { bySecond, percentiles } from '../../storm/meter.ts'

describe('percentiles()', () => {
  it('takes the nearest rank, whatever the order', () => {
    const values = Array.from({ length: 1000 }, (_, at) => 1000 - at)
    expect(percentiles(values)).toEqual({ count: 1000, p50: 500, p99: 990, p999: 999, max: 1000 })
  })

  it('is 0 for no values', () => {
    expect(percentiles([])).toEqual({ count: 0, p50: 0, p99: 0, p999: 0, max: 0 })
  })
})

describe('bySecond()', () => {
  it('counts tokens and failed calls in the second of their answer', () => {
    const sample = { call: 'enroll', ms: 5 } as const
    const seconds = bySecond([
      { ...sample, atSeconds: 1.5, status: 200 },
      { ...sample, atSeconds: 0.2, status: 200 },
      { ...sample, atSeconds: 0.3, status: 503 },
      { ...sample, atSeconds: 0.4, status: 0 },
      { ...sample, atSeconds: 0.5, status: 403 },
      { ...sample, atSeconds: 0.6, status: 200, call: 'challenge' },
    ])
    expect(seconds.map(({ atSecond, count, failed }) => [atSecond, count, failed])).toEqual([
      [0, 1, 2],
      [1, 1, 0],
    ])
  })
})
