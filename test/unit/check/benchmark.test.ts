import { describe, expect, test } from 'vitest'
import { LIMITS, RATIO_NAMES } from '../../bench/limits.ts'
import { ratioProblems } from '../../check/benchmark.ts'

const AT_LIMIT = Object.fromEntries(RATIO_NAMES.map((name) => [name, LIMITS[name].limit]))

const printed = (ratios: object): string => `a table\nBENCH ${JSON.stringify(ratios)}\n`

describe('ratioProblems()', () => {
  test('has no problem with ratios at their limits, nor a little beyond', () => {
    expect(ratioProblems(printed(AT_LIMIT), true)).toEqual([])
    expect(ratioProblems(printed({ ...AT_LIMIT, node_bare_ratio: 1.6 * 1.1 }), true)).toEqual([])
  })

  test('names a ratio that is far beyond its limit, on either side', () => {
    const ratios = { ...AT_LIMIT, node_bare_ratio: 3, pkijs_ratio: 20 }
    expect(ratioProblems(printed(ratios), true)).toEqual([
      'pkijs_ratio is 20; it must be at least 40',
      'node_bare_ratio is 3; it must be at most 1.6',
    ])
  })

  test('names a ratio that was not measured only if all are required', () => {
    const { node_go_ratio: _, ...others } = AT_LIMIT
    expect(ratioProblems(printed(others), false)).toEqual([])
    expect(ratioProblems(printed(others), true)).toEqual(['node_go_ratio was not measured'])
  })

  test('does not take a ratio that is no number', () => {
    expect(ratioProblems(printed({ ...AT_LIMIT, node_go_ratio: null }), true)).toHaveLength(1)
  })

  test('needs the line of ratios at the end', () => {
    expect(ratioProblems('', false)).toHaveLength(1)
    expect(ratioProblems(`${printed(AT_LIMIT)}more\n`, false)).toHaveLength(1)
  })
})
