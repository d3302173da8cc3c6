import { describe, expect, test } from 'vitest'
import {
  LIMITS,
  RATIO_NAMES,
  beyondLimit,
  failsCheck,
  isNearLimit,
  verdict,
} from '../../bench/limits.ts'

describe('LIMITS', () => {
  test.each(RATIO_NAMES)('%s has an aim that is no easier than its limit', (name) => {
    const { bound, aim, limit } = LIMITS[name]
    expect(bound === 'at most' ? aim <= limit : aim >= limit).toBe(true)
  })
})

describe('what is reached today', () => {
  test('is worse than the limit, and is judged in its place', () => {
    const behind = RATIO_NAMES.filter((name) => 'reached' in LIMITS[name])
    expect(behind).toEqual(['verify_ratio', 'enroll_ratio'])
    expect(failsCheck('verify_ratio', 1.45 * 1.14)).toBe(false)
    expect(failsCheck('verify_ratio', 1.45 * 1.16)).toBe(true)
    expect(verdict('verify_ratio', 1.6)).toBe('39 % beyond its limit')
  })
})

describe('beyondLimit()', () => {
  test('is positive on the worse side of the limit, in both directions', () => {
    expect(beyondLimit('node_bare_ratio', 3.2)).toBeCloseTo(1)
    expect(beyondLimit('node_bare_ratio', 0.8)).toBeCloseTo(-0.5)
    expect(beyondLimit('pkijs_ratio', 20)).toBeCloseTo(1)
    expect(beyondLimit('pkijs_ratio', 80)).toBeCloseTo(-0.5)
  })
})

describe('isNearLimit()', () => {
  test.each([
    [1.51, true],
    [1.6, true],
    [1.69, true],
    [1.49, false],
    [1.71, false],
  ])('of a limit of 1.6, %d: %s', (ratio, near) => {
    expect(isNearLimit('node_bare_ratio', ratio)).toBe(near)
  })
})

describe('failsCheck()', () => {
  test.each([
    ['node_bare_ratio', 1.6 * 1.14, false],
    ['node_bare_ratio', 1.6 * 1.16, true],
    ['pkijs_ratio', 40 / 1.14, false],
    ['pkijs_ratio', 40 / 1.16, true],
    ['pkijs_ratio', Number.NaN, true],
  ] as const)('%s of %d: %s', (name, ratio, fails) => {
    expect(failsCheck(name, ratio)).toBe(fails)
  })
})

describe('verdict()', () => {
  test.each([
    [1.2, 'aim met'],
    [1.5, 'limit met'],
    [2.4, '50 % beyond its limit'],
  ])('of an aim of 1.25 and a limit of 1.6, %d: %s', (ratio, said) => {
    expect(verdict('node_bare_ratio', ratio)).toBe(said)
  })
})
